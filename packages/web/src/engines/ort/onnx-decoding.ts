/** Decodes one sequence with the decoder's session. */

import type { Tensor } from "onnxruntime-web/webgpu";
import { LAST_POSITION, MASK, POSITIONS, TOTAL_LENGTH } from "@fastvlm-kit/onnx/graph";
import type { Decoding, Prediction, PromptPart } from "../runtime.ts";
import { argmax } from "../../generation/sampling.ts";
import { weighToken } from "../../generation/token-choice.ts";
import type { Embedding } from "./embedding.ts";
import type { GpuArgmax } from "./gpu-argmax.ts";
import type { GpuInputs } from "./gpu-inputs.ts";
import { LOGITS, type GpuLogits } from "./gpu-logits.ts";
import { NOT_CAPTURED } from "./graph-capture.ts";
import type { KvCache } from "./kv-cache.ts";
import type { OrtModule } from "./ort-source.ts";
import type { Session } from "./session.ts";
import { input, int64, missing, readFloats, toTensor } from "./tensors.ts";

export interface OnnxDecodingParts {
  readonly ort: OrtModule;
  readonly decoder: Session;
  readonly embedding: Embedding;
  /**
   * Runs the first position of a sequence by itself. Language models have by far their largest numbers at the first position,
   * so that this mends int8 files, whose activations have one scale for all positions of a run
   * (decisions/2026-11-26-real-language.md).
   */
  readonly runsFirstAlone?: boolean;
  /** Where the decoder is on a GPU. */
  readonly onGpu?: OnGpu;
}

export interface OnGpu {
  readonly argmax: GpuArgmax;
  readonly inputs: GpuInputs;
  /** Whether a node reads the positions. ORT fetches an input that no node reads to the CPU, and waits for the GPU to do so. */
  readonly readsPositions: boolean;
  /** Where steps are captured. */
  readonly captured?: GpuLogits | undefined;
}

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
    const { values, count } = await this.#embed(parts);
    const isFirst = this.#length === 0 && count > 1;
    if (!isFirst || this.#parts.runsFirstAlone !== true) return this.#run(values, count);
    const hidden = values.length / count;
    await this.#run(values.subarray(0, hidden), 1);
    return this.#run(values.subarray(hidden), count - 1);
  }

  /** @param values [count, hidden] */
  async #run(values: Float32Array, count: number): Promise<Prediction> {
    const { ort, decoder, onGpu } = this.#parts;
    const total = this.#length + count;
    this.#cache.makeRoom(total);
    const feeds: Record<string, Tensor> = { ...this.#cache.feeds };
    const { captured } = onGpu ?? {};
    const isStep = count === 1;
    /** Into a buffer that stays: for what is of the same size each time. */
    const toGpuInput = (name: string, tensor: Tensor): Tensor =>
      onGpu?.inputs.put(name, tensor) ?? tensor;
    const hasInput = (name: string): boolean => decoder.inputs.some((one) => one.name === name);
    const length = (value: number): Tensor => new ort.Tensor("int32", Int32Array.of(value), [1]);

    const dims = [1, count, values.length / count];
    const embeds = toTensor(ort, input(decoder, "inputs_embeds"), values, dims);
    feeds["inputs_embeds"] = isStep ? toGpuInput("inputs_embeds", embeds) : embeds;
    // It stays on the CPU, where it is used if at all.
    feeds[MASK] = int64(ort, ones(total), [1, total]);
    if (hasInput(POSITIONS)) {
      const positions = int64(ort, range(this.#length, total), [1, count]);
      const isOnGpu = captured && isStep && onGpu?.readsPositions === true;
      feeds[POSITIONS] = isOnGpu ? toGpuInput(POSITIONS, positions) : positions;
    }
    if (hasInput(LAST_POSITION))
      feeds[LAST_POSITION] = toGpuInput(LAST_POSITION, length(total - 1));
    if (hasInput(TOTAL_LENGTH))
      feeds[TOTAL_LENGTH] = captured ? toGpuInput(TOTAL_LENGTH, length(total)) : length(total);

    const fetches = { ...this.#cache.fetches };
    if (captured && isStep) fetches[LOGITS] = captured.tensor();
    const capture = isStep ? this.#cache.capture : NOT_CAPTURED;
    const outputs = await decoder.run(feeds, fetches, captured && capture);
    this.#logits?.dispose();
    this.#logits = outputs[LOGITS]; // [1, 1 or count, vocab]
    if (!this.#logits) throw missing("decoder", LOGITS);
    this.#cache.keep(outputs);
    this.#length = total;
    return predict(this.#logits, onGpu?.argmax);
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
        blocks.push(part.features.values);
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
      if (argmaxOnGpu && isOnGpu) return argmaxOnGpu(logits.gpuBuffer, vocabulary);
      const read = await readLogits();
      return weighToken(read, argmax(read));
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
