/**
 * One sequence on the decoder's session. Names, types and shapes of the KV cache are read from the
 * decoder's own inputs; on WebGPU the cache never leaves the GPU.
 */

import type { Tensor } from "onnxruntime-web/webgpu";
import { VlmError } from "../protocol/errors.ts";
import type { Decoding, ImageFeatures, PromptPart } from "../model/runtime.ts";
import type { Embedding } from "./embedding.ts";
import type { OrtModule } from "./load-ort.ts";
import type { Session } from "./session.ts";
import { input, int64, missing, readFloats, toTensor } from "./tensors.ts";

/** Features that are on the CPU already. */
export interface CpuImageFeatures extends ImageFeatures {
  readonly values: Float32Array; // [tokens, hidden]
}

/** Copies the first positions of a KV tensor into another one: [1, heads, from…, head size] to [1, heads, length, head size]. */
export type CopyPositions = (tensor: Tensor, length: number) => Tensor;

export interface OnnxDecodingParts {
  readonly ort: OrtModule;
  readonly decoder: Session;
  readonly embedding: Embedding;
  readonly copyPositions: CopyPositions;
}

/** One sequence: the KV cache goes out of one run and into the next without being looked at. */
export class OnnxDecoding implements Decoding {
  length = 0;
  readonly #parts: OnnxDecodingParts;
  #past: Record<string, Tensor>;

  constructor(parts: OnnxDecodingParts, past = emptyPast(parts.ort, parts.decoder)) {
    this.#parts = parts;
    this.#past = past;
  }

  get bytes(): number {
    let bytes = 0;
    for (const { size, type } of Object.values(this.#past)) {
      bytes += size * (type === "float16" ? 2 : 4);
    }
    return bytes;
  }

  fork(length: number): Decoding {
    const past = Object.entries(this.#past).map(
      ([name, tensor]) => [name, this.#parts.copyPositions(tensor, length)] as const,
    );
    const fork = new OnnxDecoding(this.#parts, Object.fromEntries(past));
    fork.length = length;
    return fork;
  }

  async append(parts: readonly PromptPart[]): Promise<Float32Array> {
    const { ort, decoder } = this.#parts;
    const { values, count } = await this.#embed(parts);
    const total = this.length + count;
    const feeds: Record<string, Tensor> = { ...this.#past };
    feeds["inputs_embeds"] = toTensor(ort, input(decoder, "inputs_embeds"), values, [
      1,
      count,
      values.length / count,
    ]);
    feeds["attention_mask"] = int64(ort, ones(total), [1, total]);
    if (decoder.inputs.some(({ name }) => name === "position_ids")) {
      feeds["position_ids"] = int64(ort, range(this.length, total), [1, count]);
    }

    const outputs = await decoder.run(feeds);
    const { logits } = outputs;
    if (!logits) throw missing("decoder", "logits");
    this.#replacePast(outputs);
    this.length = total;
    const computed = await readFloats(logits); // [1, 1 or count, vocab]
    const vocabulary = logits.dims.at(-1)!;
    logits.dispose();
    return computed.subarray(computed.length - vocabulary); // [vocab]
  }

  dispose(): void {
    for (const tensor of Object.values(this.#past)) tensor.dispose();
    this.#past = {};
  }

  #replacePast(outputs: Record<string, Tensor>): void {
    const previous = this.#past;
    this.#past = Object.fromEntries(
      Object.keys(previous).map((name) => {
        const present = outputs[name.replace(PAST_PREFIX, PRESENT_PREFIX)];
        if (!present) throw missing("decoder", name.replace(PAST_PREFIX, PRESENT_PREFIX));
        return [name, present];
      }),
    );
    for (const tensor of Object.values(previous)) tensor.dispose();
  }

  /** Embeddings of all parts, in order. */
  async #embed(parts: readonly PromptPart[]): Promise<{ values: Float32Array; count: number }> {
    const blocks: Float32Array[] = []; // each [tokens, hidden]
    let count = 0;
    for (const part of parts) {
      if (part.kind === "image") {
        blocks.push((part.features as CpuImageFeatures).values);
        count += part.features.tokens;
      } else {
        blocks.push(await this.#parts.embedding.rows(part.ids));
        count += part.ids.length;
      }
    }
    return { values: concat(blocks), count }; // [count, hidden]
  }
}

const PAST_PREFIX = "past_key_values.";
const PRESENT_PREFIX = "present.";

/** A KV cache of zero positions, as the decoder's inputs describe it: [batch, kv heads, 0, head size]. */
function emptyPast(ort: OrtModule, decoder: Session): Record<string, Tensor> {
  const past: Record<string, Tensor> = {};
  for (const { name, type, shape } of decoder.inputs) {
    if (!name.startsWith(PAST_PREFIX)) continue;
    const [, heads, , headSize] = shape;
    if (typeof heads !== "number" || typeof headSize !== "number") {
      throw new VlmError(
        "model-invalid",
        `The decoder's input ${name} has no fixed head count and size. Export the model again with both.`,
        { file: "decoder", reason: `shape of ${name}` },
      );
    }
    const empty = type === "float16" ? new Uint16Array(0) : new Float32Array(0);
    past[name] = new ort.Tensor(type === "float16" ? "float16" : "float32", empty, [
      1,
      heads,
      0,
      headSize,
    ]);
  }
  return past;
}

function ones(count: number): BigInt64Array {
  return new BigInt64Array(count).fill(1n);
}

function range(from: number, to: number): BigInt64Array {
  return BigInt64Array.from({ length: to - from }, (_, index) => BigInt(from + index));
}

function concat(blocks: readonly Float32Array[]): Float32Array {
  const only = blocks[0];
  if (blocks.length === 1 && only) return only;
  const all = new Float32Array(blocks.reduce((sum, block) => sum + block.length, 0));
  let offset = 0;
  for (const block of blocks) {
    all.set(block, offset);
    offset += block.length;
  }
  return all;
}
