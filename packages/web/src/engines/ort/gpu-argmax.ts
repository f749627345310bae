/**
 * Finds the likeliest id on the GPU, so that 4 bytes are read back and not 608 KB of logits. ORT's own `ArgMax` uses only
 * one thread for the whole vocabulary (decisions/2026-11-24-fewer-dispatches.md).
 */

/**
 * Returns the index of the highest of the first `count` 32-bit numbers in a buffer; the first one if several are equal. Takes
 * one call at a time.
 */
export type GpuArgmax = (numbers: GPUBuffer, count: number) => Promise<number>;

const LANES = 256;
const RESULT_BYTES = 4;

const SHADER = /* wgsl */ `
const lanes = ${LANES}u;
@group(0) @binding(0) var<storage, read> numbers: array<f32>;
@group(0) @binding(1) var<storage, read_write> result: u32;
var<workgroup> found: array<u32, lanes>;

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
  if (lane == 0u) {
    result = found[0];
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
        { binding: 0, resource: { buffer: numbers, size: count * RESULT_BYTES } },
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
    const [id] = new Uint32Array(landing.getMappedRange());
    landing.unmap();
    return id!;
  };
}
