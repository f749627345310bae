/**
 * Keeps KV caches in GPU buffers. A run gets each buffer as past and as present, and GroupQueryAttention then writes the
 * new positions after the old ones. So decoding a token allocates no GPU buffer, and nothing is copied until a buffer is
 * full. Memory that a sequence has given back is used for a later one, together with the steps that were captured on it.
 */

import type { Tensor } from "onnxruntime-web/webgpu";
import { BYTES, type KvCache, type PastInput } from "./kv-cache.ts";
import type { OrtModule } from "./ort-source.ts";
import { LruMap } from "../../shared/lru-map.ts";

/** Buffers have room for a multiple of this number of positions, which is enough for a prompt and a usual answer. */
const ROOM_STEP = 256;

/**
 * The greatest size of unused memory that is kept. One sequence about an image of 17 tiles has to fit: SmolVLM-256M takes
 * 46,080 bytes for a position in float32, and 1141 positions get room for 1280, which is 59 MB. If such memory were freed
 * after each image, the steps of every image would be captured anew, and ORT never frees what it has captured. It is
 * also ten of the shortest sequences of FastVLM-0.5B.
 */
const MAX_IDLE_BYTES = 64 * 2 ** 20;

export interface GpuCaches {
  /** An empty cache. */
  create(): KvCache;
  /** Frees the memory that no cache uses. */
  trim(): void;
}

export function createGpuCaches(
  ort: OrtModule,
  gpu: GPUDevice,
  inputs: readonly PastInput[],
): GpuCaches {
  const memory = new Memory(gpu, inputs);
  return {
    create: () => new GpuCache(ort, gpu, memory),
    trim: () => {
      memory.trim();
    },
  };
}

/** Buffers for all keys and values of one sequence. */
interface Block {
  readonly capture: number;
  /** Positions that it has room for. */
  readonly room: number;
  readonly bytes: number;
  readonly buffers: ReadonlyMap<PastInput, GPUBuffer>;
}

class Memory {
  readonly inputs: readonly PastInput[];
  readonly #gpu: GPUDevice;
  /** By the number of the capture. */
  readonly #idle = new LruMap<number, Block>({ max: MAX_IDLE_BYTES, sizeOf: ({ bytes }) => bytes });
  #captures = 0;

  constructor(gpu: GPUDevice, inputs: readonly PastInput[]) {
    this.#gpu = gpu;
    this.inputs = inputs;
  }

  take(room: number): Block {
    for (const [capture, block] of this.#idle) {
      if (block.room !== room) continue;
      this.#idle.delete(capture);
      return block;
    }
    return this.#create(room);
  }

  giveBack(block: Block): void {
    for (const [, oldest] of this.#idle.set(block.capture, block)) destroy(oldest);
  }

  trim(): void {
    for (const [, block] of this.#idle) destroy(block);
    this.#idle.clear();
  }

  #create(room: number): Block {
    const buffers = new Map<PastInput, GPUBuffer>();
    let bytes = 0;
    for (const input of this.inputs) {
      const size = input.heads * room * rowBytes(input);
      const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
      buffers.set(input, this.#gpu.createBuffer({ size, usage }));
      bytes += size;
    }
    return { capture: this.#captures++, room, bytes, buffers };
  }
}

function destroy({ buffers }: Block): void {
  for (const buffer of buffers.values()) buffer.destroy();
}

class GpuCache implements KvCache {
  feeds: Record<string, Tensor> = {};
  fetches: Record<string, Tensor> = {};
  readonly #ort: OrtModule;
  readonly #gpu: GPUDevice;
  readonly #memory: Memory;
  #block: Block | undefined;
  #length = 0;

  constructor(ort: OrtModule, gpu: GPUDevice, memory: Memory) {
    this.#ort = ort;
    this.#gpu = gpu;
    this.#memory = memory;
  }

  get bytes(): number {
    return this.#block?.bytes ?? 0;
  }

  get capture(): number {
    return this.#block!.capture;
  }

  makeRoom(total: number): void {
    const room = this.#block?.room ?? 0;
    if (total > room) this.#moveTo(this.#block, Math.max(total, 2 * room), this.#length);
    this.#length = total;
  }

  keep(): void {
    // Nothing to do: the run has written to the buffers that the next one reads.
  }

  fork(length: number): KvCache {
    const fork = new GpuCache(this.#ort, this.#gpu, this.#memory);
    fork.#moveTo(this.#block, length + 1, length);
    fork.#length = length;
    return fork;
  }

  dispose(): void {
    if (this.#block) this.#memory.giveBack(this.#block);
    this.#block = undefined;
    this.feeds = {};
    this.fetches = {};
  }

  /** Takes memory for at least this number of positions, and copies the first `length` positions of `source` into it. */
  #moveTo(source: Block | undefined, atLeast: number, length: number): void {
    const block = this.#memory.take(Math.ceil(atLeast / ROOM_STEP) * ROOM_STEP);
    if (source) this.#copy(source, block, length);
    this.dispose();
    this.#block = block;
    for (const [input, buffer] of block.buffers) {
      const { past, present, type, heads, headSize } = input;
      const tensor = this.#ort.Tensor.fromGpuBuffer(buffer, {
        dataType: type as "float32",
        dims: [1, heads, block.room, headSize],
      });
      this.feeds[past] = tensor;
      this.fetches[present] = tensor;
    }
  }

  #copy(source: Block, target: Block, length: number): void {
    if (length === 0) return;
    const encoder = this.#gpu.createCommandEncoder();
    for (const [input, from] of source.buffers) {
      const row = rowBytes(input);
      for (let head = 0; head < input.heads; head++) {
        const [start, end] = [head * source.room * row, head * target.room * row];
        encoder.copyBufferToBuffer(from, start, target.buffers.get(input)!, end, length * row);
      }
    }
    this.#gpu.queue.submit([encoder.finish()]);
  }
}

function rowBytes({ headSize, type }: PastInput): number {
  return headSize * BYTES[type];
}
