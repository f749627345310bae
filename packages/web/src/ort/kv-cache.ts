/**
 * The KV cache of one sequence, where the device is. Names, types and shapes are read from the
 * decoder's own inputs.
 */

import type { Tensor } from "onnxruntime-web/webgpu";
import { VlmError } from "../protocol/errors.ts";
import type { OrtModule } from "./load-ort.ts";
import type { Session } from "./session.ts";
import { missing } from "./tensors.ts";

/** Keys and values of all layers. A run takes `feeds`, and writes to `fetches` where there are some. */
export interface KvCache {
  readonly bytes: number;
  readonly feeds: Readonly<Record<string, Tensor>>;
  /** Tensors that the outputs of a run go to; what is not here ORT makes anew. */
  readonly fetches: Readonly<Record<string, Tensor>>;
  /** The number of this memory: runs of one position may be captured under it. */
  readonly capture?: number;
  /** Sees to it that the next run can go on to position `total`. */
  makeRoom(total: number): void;
  /** Takes what a run gave. */
  keep(outputs: Readonly<Record<string, Tensor>>): void;
  /** The first `length` positions in a cache of their own. */
  fork(length: number): KvCache;
  dispose(): void;
}

/** One of the decoder's inputs of past keys or values. */
export interface PastInput {
  readonly past: string;
  readonly present: string;
  readonly type: "float32" | "float16";
  readonly heads: number;
  readonly headSize: number;
}

const PAST_PREFIX = "past_key_values.";
const PRESENT_PREFIX = "present.";

/** @throws {VlmError} `model-invalid` */
export function listPast(decoder: Session): PastInput[] {
  return decoder.inputs.flatMap(({ name, type, shape }) => {
    if (!name.startsWith(PAST_PREFIX)) return [];
    const [, heads, , headSize] = shape;
    if (typeof heads !== "number" || typeof headSize !== "number") {
      throw new VlmError(
        "model-invalid",
        `The decoder's input ${name} has no fixed head count and size. Export the model again with both.`,
        { file: "decoder", reason: `shape of ${name}` },
      );
    }
    return {
      past: name,
      present: name.replace(PAST_PREFIX, PRESENT_PREFIX),
      type: type === "float16" ? type : "float32",
      heads,
      headSize,
    };
  });
}

/** A cache that each run replaces by a longer one: for any decoder, on the CPU. */
export function createGrowingCache(ort: OrtModule, inputs: readonly PastInput[]): KvCache {
  const empty = inputs.map(({ past, type, heads, headSize }) => {
    const data = type === "float16" ? new Uint16Array(0) : new Float32Array(0);
    return [past, new ort.Tensor(type as "float32", data as Float32Array, [1, heads, 0, headSize])];
  });
  return new GrowingCache(ort, inputs, Object.fromEntries(empty) as Record<string, Tensor>);
}

class GrowingCache implements KvCache {
  readonly fetches = {};
  feeds: Record<string, Tensor>;
  readonly #ort: OrtModule;
  readonly #inputs: readonly PastInput[];

  constructor(ort: OrtModule, inputs: readonly PastInput[], feeds: Record<string, Tensor>) {
    this.#ort = ort;
    this.#inputs = inputs;
    this.feeds = feeds;
  }

  get bytes(): number {
    const sizes = this.#inputs.map(({ past, type }) => this.feeds[past]!.size * BYTES[type]);
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  makeRoom(): void {
    // Every run brings tensors of the length that it needs.
  }

  keep(outputs: Readonly<Record<string, Tensor>>): void {
    const previous = this.feeds;
    this.feeds = Object.fromEntries(
      this.#inputs.map(({ past, present }) => {
        const output = outputs[present];
        if (!output) throw missing("decoder", present);
        return [past, output];
      }),
    );
    for (const tensor of Object.values(previous)) tensor.dispose();
  }

  fork(length: number): KvCache {
    const feeds = this.#inputs.map(
      ({ past }) => [past, copyPositions(this.#ort, this.feeds[past]!, length)] as const,
    );
    return new GrowingCache(this.#ort, this.#inputs, Object.fromEntries(feeds));
  }

  dispose(): void {
    for (const tensor of Object.values(this.feeds)) tensor.dispose();
    this.feeds = {};
  }
}

/** [1, heads, positions, head size] → [1, heads, length, head size], copied. */
function copyPositions(ort: OrtModule, tensor: Tensor, length: number): Tensor {
  const [batch, heads, positions, headSize] = tensor.dims as [number, number, number, number];
  const source = tensor.data as Float32Array | Uint16Array;
  const [from, to] = [positions * headSize, length * headSize];
  const copy = new (source.constructor as Float32ArrayConstructor)(batch * heads * to);
  for (let index = 0; index < batch * heads; index++) {
    copy.set(source.subarray(index * from, index * from + to), index * to);
  }
  return new ort.Tensor(tensor.type as "float32", copy, [batch, heads, length, headSize]);
}

export const BYTES = { float32: 4, float16: 2 } as const;
