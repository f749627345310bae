/**
 * A KV cache for any decoder. Each run replaces its tensors by longer ones, on the same device. The tensors are never
 * changed, so sequences with exactly the same positions share them. If a sequence needs only the beginning, it gets a copy,
 * which a GPU makes itself.
 */

import type { Tensor } from "onnxruntime-web/webgpu";
import { BYTES, type KvCache, type PastInput } from "./kv-cache.ts";
import type { OrtModule } from "./ort-source.ts";
import { missing } from "./tensors.ts";

type Feeds = Readonly<Record<string, Tensor>>;

/** @param gpu the GPU that has the decoder's outputs, if they are not on the CPU */
export function createGrowingCache(
  ort: OrtModule,
  inputs: readonly PastInput[],
  gpu?: GPUDevice,
): KvCache {
  const feeds = inputs.map((input) => {
    const data = input.type === "float16" ? new Uint16Array(0) : new Float32Array(0);
    return [input.past, toTensor(ort, input, data, 0)] as const;
  });
  return new GrowingCache({ ort, inputs, gpu }, new SharedTensors(Object.fromEntries(feeds)));
}

interface Place {
  readonly ort: OrtModule;
  readonly inputs: readonly PastInput[];
  readonly gpu: GPUDevice | undefined;
}

class GrowingCache implements KvCache {
  readonly fetches = {};
  readonly #place: Place;
  #past: SharedTensors | undefined;

  constructor(place: Place, past: SharedTensors) {
    this.#place = place;
    this.#past = past;
  }

  get feeds(): Feeds {
    return this.#past?.tensors ?? {};
  }

  get bytes(): number {
    const sizes = this.#place.inputs.map(
      ({ past, type }) => (this.feeds[past]?.size ?? 0) * BYTES[type],
    );
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  makeRoom(): void {
    // Nothing to do: every run returns tensors of the length that it needs.
  }

  keep(outputs: Readonly<Record<string, Tensor>>): void {
    const next = this.#place.inputs.map(({ past, present }) => {
      const output = outputs[present];
      if (!output) throw missing("decoder", present);
      return [past, output] as const;
    });
    this.#past?.release();
    this.#past = new SharedTensors(Object.fromEntries(next));
  }

  fork(length: number): KvCache {
    const past = this.#past!;
    return new GrowingCache(
      this.#place,
      past.positions === length ? past.share() : firstPositions(this.#place, past, length),
    );
  }

  dispose(): void {
    this.#past?.release();
    this.#past = undefined;
  }
}

/** The keys and values of one or more sequences. They are freed with the last of them. */
class SharedTensors {
  readonly tensors: Feeds;
  #owners = 1;

  constructor(tensors: Feeds) {
    this.tensors = tensors;
  }

  get positions(): number {
    return Object.values(this.tensors)[0]?.dims[2] ?? 0;
  }

  share(): this {
    this.#owners++;
    return this;
  }

  release(): void {
    if (--this.#owners > 0) return;
    for (const tensor of Object.values(this.tensors)) tensor.dispose();
  }
}

function firstPositions(place: Place, { tensors }: SharedTensors, length: number): SharedTensors {
  const { gpu } = place;
  const encoder = gpu?.createCommandEncoder();
  const copies = place.inputs.map((input) => {
    const tensor = tensors[input.past]!;
    const isOnGpu = tensor.location === "gpu-buffer";
    const copy =
      isOnGpu && gpu && encoder
        ? copyOnGpu(place.ort, gpu, encoder, input, tensor, length)
        : copyOnCpu(place.ort, input, tensor, length);
    return [input.past, copy] as const;
  });
  if (encoder) gpu?.queue.submit([encoder.finish()]);
  return new SharedTensors(Object.fromEntries(copies));
}

/** [1, heads, positions, head size] → [1, heads, length, head size] */
function copyOnCpu(ort: OrtModule, input: PastInput, tensor: Tensor, length: number): Tensor {
  const { heads, headSize } = input;
  const source = tensor.data as Float32Array | Uint16Array;
  const [from, to] = [tensor.dims[2]! * headSize, length * headSize];
  const copy = new (source.constructor as Float32ArrayConstructor)(heads * to);
  for (let head = 0; head < heads; head++)
    copy.set(source.subarray(head * from, head * from + to), head * to);
  return toTensor(ort, input, copy, length);
}

function copyOnGpu(
  ort: OrtModule,
  gpu: GPUDevice,
  encoder: GPUCommandEncoder,
  { heads, headSize, type }: PastInput,
  tensor: Tensor,
  length: number,
): Tensor {
  const row = headSize * BYTES[type];
  const [from, to] = [tensor.dims[2]! * row, length * row];
  const buffer = gpu.createBuffer({
    size: heads * to,
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
  });
  for (let head = 0; head < heads; head++)
    encoder.copyBufferToBuffer(tensor.gpuBuffer, head * from, buffer, head * to, to);
  return ort.Tensor.fromGpuBuffer(buffer, {
    dataType: type as "float32",
    dims: [1, heads, length, headSize],
    dispose: () => {
      buffer.destroy();
    },
  });
}

function toTensor(
  ort: OrtModule,
  { type, heads, headSize }: PastInput,
  data: Float32Array | Uint16Array,
  length: number,
): Tensor {
  return new ort.Tensor(type as "float32", data as Float32Array, [1, heads, length, headSize]);
}
