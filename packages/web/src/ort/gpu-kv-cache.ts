/**
 * A KV cache in GPU buffers that stay: a run gets each of them as past and as present, and
 * GroupQueryAttention then writes what is new behind what is there. No buffer is made for a token, and
 * nothing is copied but when there is no room left.
 */

import type { Tensor } from "onnxruntime-web/webgpu";
import { BYTES, type KvCache, type PastInput } from "./kv-cache.ts";
import type { OrtModule } from "./load-ort.ts";

/** Buffers have room for a multiple of so many positions: a prompt and a usual answer. */
const ROOM_STEP = 256;

export function createGpuCache(
  ort: OrtModule,
  gpu: GPUDevice,
  inputs: readonly PastInput[],
): KvCache {
  return new GpuCache(ort, gpu, inputs);
}

class GpuCache implements KvCache {
  feeds: Record<string, Tensor> = {};
  fetches: Record<string, Tensor> = {};
  readonly #ort: OrtModule;
  readonly #gpu: GPUDevice;
  readonly #inputs: readonly PastInput[];
  readonly #buffers = new Map<PastInput, GPUBuffer>();
  #room = 0;
  #length = 0;

  constructor(ort: OrtModule, gpu: GPUDevice, inputs: readonly PastInput[]) {
    this.#ort = ort;
    this.#gpu = gpu;
    this.#inputs = inputs;
  }

  get bytes(): number {
    let bytes = 0;
    for (const buffer of this.#buffers.values()) bytes += buffer.size;
    return bytes;
  }

  makeRoom(total: number): void {
    if (total > this.#room) this.#moveTo(this, Math.max(total, 2 * this.#room), this.#length);
    this.#length = total;
  }

  keep(): void {
    // The run has written to where the next one reads.
  }

  fork(length: number): KvCache {
    const fork = new GpuCache(this.#ort, this.#gpu, this.#inputs);
    fork.#moveTo(this, length + 1, length);
    fork.#length = length;
    return fork;
  }

  dispose(): void {
    for (const buffer of this.#buffers.values()) buffer.destroy();
    this.#buffers.clear();
    this.feeds = {};
    this.fetches = {};
    this.#room = 0;
  }

  /** Makes new buffers for so many positions at least, with the first `length` ones of `source`. */
  #moveTo(source: GpuCache, atLeast: number, length: number): void {
    const room = Math.ceil(atLeast / ROOM_STEP) * ROOM_STEP;
    const sourceRoom = source.#room;
    const encoder = this.#gpu.createCommandEncoder();
    const moved = this.#inputs.map((input) => {
      const { heads, headSize, type } = input;
      const row = headSize * BYTES[type];
      const buffer = this.#gpu.createBuffer({
        size: heads * room * row,
        usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
      });
      const from = source.#buffers.get(input);
      for (let head = 0; from && length > 0 && head < heads; head++) {
        const [start, end] = [head * sourceRoom * row, head * room * row];
        encoder.copyBufferToBuffer(from, start, buffer, end, length * row);
      }
      return [input, buffer] as const;
    });
    this.#gpu.queue.submit([encoder.finish()]);
    this.dispose();
    this.#room = room;
    for (const [input, buffer] of moved) this.#use(input, buffer);
  }

  #use(input: PastInput, buffer: GPUBuffer): void {
    const { past, present, type, heads, headSize } = input;
    const tensor = this.#ort.Tensor.fromGpuBuffer(buffer, {
      dataType: type as "float32",
      dims: [1, heads, this.#room, headSize],
    });
    this.#buffers.set(input, buffer);
    this.feeds[past] = tensor;
    this.fetches[present] = tensor;
  }
}
