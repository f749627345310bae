/**
 * Finds the likeliest id on the GPU, and how likely it is, so that 12 bytes are read back and not 608 KB of logits. ORT's own
 * `ArgMax` uses only one thread for the whole vocabulary (decisions/2026-11-24-fewer-dispatches.md).
 */

import type { TokenChoice } from "../runtime.ts";
import { toChoice } from "../../generation/token-choice.ts";

/**
 * Returns the index of the highest of the first `count` 32-bit numbers in a buffer, with its share of their softmax; the first
 * one if several are equal. Takes one call at a time.
 */
export type GpuArgmax = (numbers: GPUBuffer, count: number) => Promise<TokenChoice>;

const LANES = 256;
const NUMBER_BYTES = 4;
/** An id, Σeˣ and Σxeˣ: see `toChoice`. */
const RESULT_BYTES = 3 * NUMBER_BYTES;

const SHADER = /* wgsl */ `
const lanes = ${LANES}u;
@group(0) @binding(0) var<storage, read> numbers: array<f32>;
struct Result { id: u32, sum: f32, weighted: f32 }
@group(0) @binding(1) var<storage, read_write> result: Result;
var<workgroup> found: array<u32, lanes>;
var<workgroup> sums: array<vec2f, lanes>;

fn better(a: u32, b: u32) -> u32 {
  let isBetter = numbers[b] > numbers[a] || (numbers[b] == numbers[a] && b < a);
  return select(a, b, isBetter);
}

@compute @workgroup_size(lanes)
fn main(@builtin(local_invocation_index) lane: u32) {
  let count = arrayLength(&numbers);
  var best = min(lane, count - 1u);
  var highest = numbers[best];
  for (var at = lane + lanes; at < count; at += lanes) {
    let number = numbers[at];
    if (number > highest) {
      highest = number;
      best = at;
    }
  }
  found[lane] = best;
  workgroupBarrier();
  for (var half = lanes / 2u; half > 0u; half /= 2u) {
    if (lane < half) {
      found[lane] = better(found[lane], found[lane + half]);
    }
    workgroupBarrier();
  }
  let top = numbers[found[0]];
  var sum = vec2f();
  for (var at = lane; at < count; at += lanes) {
    let relative = max(numbers[at] - top, -80.0);
    sum += exp(relative) * vec2f(1.0, relative);
  }
  sums[lane] = sum;
  workgroupBarrier();
  for (var half = lanes / 2u; half > 0u; half /= 2u) {
    if (lane < half) {
      sums[lane] += sums[lane + half];
    }
    workgroupBarrier();
  }
  if (lane == 0u) {
    result = Result(found[0], sums[0].x, sums[0].y);
  }
}`;

export function createGpuArgmax(gpu: GPUDevice): GpuArgmax {
  const module = gpu.createShaderModule({ code: SHADER });
  const pipeline = gpu.createComputePipeline({ layout: "auto", compute: { module } });
  const result = gpu.createBuffer({
    size: RESULT_BYTES,
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC,
  });
  const landing = gpu.createBuffer({
    size: RESULT_BYTES,
    usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  });
  return async (numbers, count) => {
    const group = gpu.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: [
        // ORT's buffers are larger than their tensors.
        { binding: 0, resource: { buffer: numbers, size: count * NUMBER_BYTES } },
        { binding: 1, resource: { buffer: result } },
      ],
    });
    const encoder = gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(1);
    pass.end();
    encoder.copyBufferToBuffer(result, 0, landing, 0, RESULT_BYTES);
    gpu.queue.submit([encoder.finish()]);
    await landing.mapAsync(GPUMapMode.READ);
    const read = new DataView(landing.getMappedRange());
    const id = read.getUint32(0, true);
    const sum = read.getFloat32(NUMBER_BYTES, true);
    const weighted = read.getFloat32(2 * NUMBER_BYTES, true);
    landing.unmap();
    return toChoice(id, 0, sum, weighted);
  };
}
