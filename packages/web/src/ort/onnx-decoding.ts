/** One sequence on the decoder's session. */

import type { Tensor } from "onnxruntime-web/webgpu";
import type { Decoding, ImageFeatures, Prediction, PromptPart } from "../model/runtime.ts";
import { argmax } from "../model/sampling.ts";
import type { Embedding } from "./embedding.ts";
import type { GpuArgmax } from "./gpu-argmax.ts";
import type { KvCache } from "./kv-cache.ts";
import type { OrtModule } from "./load-ort.ts";
import type { Session } from "./session.ts";
import { input, int64, missing, readFloats, toTensor } from "./tensors.ts";

/** Features that are on the CPU already. */
export interface CpuImageFeatures extends ImageFeatures {
  readonly values: Float32Array; // [tokens, hidden]
}

export interface OnnxDecodingParts {
  readonly ort: OrtModule;
  readonly decoder: Session;
  readonly embedding: Embedding;
  /** Where logits are on the GPU. */
  readonly argmax?: GpuArgmax;
}

const LOGITS = "logits"; // [1, 1 or count, vocab]

export class OnnxDecoding implements Decoding {
  readonly #parts: OnnxDecodingParts;
  readonly #cache: KvCache;
  #length: number;
  #logits: Tensor | undefined;

  /** @param length positions that are in the cache already */
  constructor(parts: OnnxDecodingParts, cache: KvCache, length = 0) {
    this.#parts = parts;
    this.#cache = cache;
    this.#length = length;
  }

  get length(): number {
    return this.#length;
  }

  get bytes(): number {
    return this.#cache.bytes;
  }

  async append(parts: readonly PromptPart[]): Promise<Prediction> {
    const { ort, decoder } = this.#parts;
    const { values, count } = await this.#embed(parts);
    const total = this.#length + count;
    this.#cache.makeRoom(total);
    const feeds: Record<string, Tensor> = { ...this.#cache.feeds };
    feeds["inputs_embeds"] = toTensor(ort, input(decoder, "inputs_embeds"), values, [
      1,
      count,
      values.length / count,
    ]);
    feeds["attention_mask"] = int64(ort, ones(total), [1, total]);
    if (decoder.inputs.some(({ name }) => name === "position_ids")) {
      feeds["position_ids"] = int64(ort, range(this.#length, total), [1, count]);
    }

    const outputs = await decoder.run(feeds, this.#cache.fetches);
    this.#logits?.dispose();
    this.#logits = outputs[LOGITS];
    if (!this.#logits) throw missing("decoder", LOGITS);
    this.#cache.keep(outputs);
    this.#length = total;
    return predict(this.#logits, this.#parts.argmax);
  }

  fork(length: number): Decoding {
    return new OnnxDecoding(this.#parts, this.#cache.fork(length), length);
  }

  dispose(): void {
    this.#logits?.dispose();
    this.#logits = undefined;
    this.#cache.dispose();
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

function predict(logits: Tensor, argmaxOnGpu: GpuArgmax | undefined): Prediction {
  const [, rows, vocabulary] = logits.dims as [number, number, number];
  const readLogits = async (): Promise<Float32Array> => {
    const computed = await readFloats(logits);
    return computed.subarray(computed.length - vocabulary); // [vocab]
  };
  return {
    readLogits,
    async readLikeliest() {
      const isOnGpu = logits.location === "gpu-buffer" && logits.type === "float32" && rows === 1;
      return argmaxOnGpu && isOnGpu
        ? argmaxOnGpu(logits.gpuBuffer, vocabulary)
        : argmax(await readLogits());
    },
  };
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
