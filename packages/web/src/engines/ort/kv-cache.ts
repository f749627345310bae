/** What every KV cache of a sequence is. Names, types and shapes are read from the decoder's own inputs. */

import type { Tensor } from "onnxruntime-web/webgpu";
import { VlmError } from "../../protocol/errors.ts";
import type { Session } from "./session.ts";

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

/**
 * @param headSizes by past, for inputs that give no number themselves
 * @throws {VlmError} `model-invalid`
 */
export function listPast(
  decoder: Session,
  headSizes: ReadonlyMap<string, number> = new Map(),
): PastInput[] {
  return decoder.inputs.flatMap(({ name, type, shape }) => {
    if (!name.startsWith(PAST_PREFIX)) return [];
    const [, heads, , given] = shape;
    const headSize = typeof given === "number" ? given : headSizes.get(name);
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

export const BYTES = { float32: 4, float16: 2 } as const;
