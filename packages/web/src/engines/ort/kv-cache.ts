/** The interface of every KV cache of a sequence. Names, types and shapes come from the decoder's inputs. */

import type { Tensor } from "onnxruntime-web/webgpu";
import { VlmError } from "../../protocol/errors.ts";
import type { Session } from "./session.ts";

/** Keys and values of all layers. A run reads `feeds`, and writes to `fetches` if there are any. */
export interface KvCache {
  readonly bytes: number;
  readonly feeds: Readonly<Record<string, Tensor>>;
  /** Tensors into which a run writes its outputs. For other outputs ORT creates new tensors. */
  readonly fetches: Readonly<Record<string, Tensor>>;
  /** The number of this memory, under which runs of one position may be captured. */
  readonly capture?: number;
  /** Makes sure that the next run has room up to position `total`. */
  makeRoom(total: number): void;
  /** Takes over the outputs of a run. */
  keep(outputs: Readonly<Record<string, Tensor>>): void;
  /** Returns a new cache with the first `length` positions. */
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
 * @param headSizes the size of heads by the name of the past, for inputs that do not tell it
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
