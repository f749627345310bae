/**
 * A KV cache on the CPU. A run returns only the new positions, which are appended here to the old ones. ORT copies each
 * output out of its heap into new memory; in this way it copies one token and not the whole sequence.
 */

import type { Tensor } from "onnxruntime-web/webgpu";
import { ATTENTION_BIAS, type NewPositions } from "@fastvlm-kit/onnx/graph";
import { BYTES, type KvCache, type PastInput } from "./kv-cache.ts";
import type { OrtModule } from "./ort-source.ts";
import { bytesOf, missing } from "./tensors.ts";

/** Room is a multiple of this number of positions. It is small, because a run also reads the empty part. */
const ROOM_STEP = 64;

/** How the decoder was rewritten. */
export interface AppendedCacheOptions {
  readonly newPositions: NewPositions;
  /** Whether {@link ATTENTION_BIAS} marks the valid positions. Otherwise the length of the mask does. */
  readonly isBiased: boolean;
}

export function createAppendedCache(
  ort: OrtModule,
  inputs: readonly PastInput[],
  options: AppendedCacheOptions,
): KvCache {
  return new AppendedCache(ort, inputs, options);
}

class AppendedCache implements KvCache {
  readonly fetches = {};
  feeds: Record<string, Tensor> = {};
  readonly #ort: OrtModule;
  readonly #inputs: readonly PastInput[];
  readonly #options: AppendedCacheOptions;
  /** Each [heads, room, head size]. */
  readonly #buffers = new Map<PastInput, Uint8Array<ArrayBuffer>>();
  #room = 0;
  #length = 0;

  constructor(ort: OrtModule, inputs: readonly PastInput[], options: AppendedCacheOptions) {
    this.#ort = ort;
    this.#inputs = inputs;
    this.#options = options;
    for (const input of inputs) this.#use(input, new Uint8Array(0), 0);
  }

  get bytes(): number {
    let bytes = 0;
    for (const buffer of this.#buffers.values()) bytes += buffer.byteLength;
    return bytes;
  }

  makeRoom(total: number): void {
    // Room for the past only. New positions get their room when they have arrived.
    if (!this.#options.isBiased) return;
    this.feeds[ATTENTION_BIAS] = this.#bias(total - this.#length);
  }

  keep(outputs: Readonly<Record<string, Tensor>>): void {
    const news = this.#inputs.map((input) => {
      const name = this.#options.newPositions.get(input.past)!;
      const output = outputs[name]; // [1, count, heads × head size]
      if (!output) throw missing("decoder", name);
      return [input, output] as const;
    });
    const count = news[0]?.[1].dims[1] ?? 0;
    const total = this.#length + count;
    if (total > this.#room) this.#moveTo(this, total);
    for (const [input, output] of news) {
      this.#write(input, bytesOf(output), count);
      output.dispose();
    }
    this.#length = total;
  }

  fork(length: number): KvCache {
    const fork = new AppendedCache(this.#ort, this.#inputs, this.#options);
    fork.#length = length;
    fork.#moveTo(this, length);
    return fork;
  }

  dispose(): void {
    this.#buffers.clear();
    this.feeds = {};
    this.#room = 0;
  }

  /** [count, room + count]: a position may look at the past, at itself, and at the new positions before it. */
  #bias(count: number): Tensor {
    const width = this.#room + count;
    const bias = new Float32Array(count * width);
    for (let position = 0; position < count; position++) {
      const row = bias.subarray(position * width, (position + 1) * width);
      row.fill(-Infinity, this.#length, this.#room);
      row.fill(-Infinity, this.#room + position + 1);
    }
    return new this.#ort.Tensor("float32", bias, [count, width]);
  }

  /** Appends `count` positions, [count, heads × head size]. */
  #write(input: PastInput, rows: Uint8Array, count: number): void {
    const { heads } = input;
    const row = rowBytes(input);
    const buffer = this.#buffers.get(input)!;
    for (let position = 0; position < count; position++) {
      for (let head = 0; head < heads; head++) {
        const from = (position * heads + head) * row;
        const to = (head * this.#room + this.#length + position) * row;
        buffer.set(rows.subarray(from, from + row), to);
      }
    }
  }

  /** Makes room for at least this number of positions, and copies the positions of this sequence from `source`. */
  #moveTo(source: AppendedCache, atLeast: number): void {
    const room = Math.ceil(atLeast / ROOM_STEP) * ROOM_STEP;
    for (const input of this.#inputs) {
      const { heads } = input;
      const row = rowBytes(input);
      const buffer = new Uint8Array(heads * room * row);
      const from = source.#buffers.get(input)!;
      for (let head = 0; head < heads; head++) {
        const start = head * source.#room * row;
        buffer.set(from.subarray(start, start + this.#length * row), head * room * row);
      }
      this.#use(input, buffer, room);
    }
    this.#room = room;
  }

  #use(input: PastInput, buffer: Uint8Array<ArrayBuffer>, room: number): void {
    const { past, type, heads, headSize } = input;
    const data =
      type === "float16" ? new Uint16Array(buffer.buffer) : new Float32Array(buffer.buffer);
    const dims = [1, heads, room, headSize];
    this.#buffers.set(input, buffer);
    this.feeds[past] = new this.#ort.Tensor(type as "float32", data as Float32Array, dims);
  }
}

function rowBytes({ headSize, type }: PastInput): number {
  return headSize * BYTES[type];
}
