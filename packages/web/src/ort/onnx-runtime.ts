/**
 * The model's three graphs on onnxruntime-web. Names, types and shapes of the KV cache are read from
 * the decoder's own inputs; on WebGPU the cache never leaves the GPU.
 */

import type { InferenceSession, Tensor } from "onnxruntime-web/webgpu";
import { VlmError } from "../protocol/errors.ts";
import type { Device, GraphName } from "../protocol/model-descriptor.ts";
import type {
  Decoding,
  ImageFeatures,
  ImageTensor,
  PromptPart,
  Runtime,
} from "../model/runtime.ts";
import { createSession, type WeightsPath } from "./create-session.ts";
import { float16ToFloat32, float32ToFloat16 } from "./float16.ts";
import type { GraphFile } from "./graph-file.ts";
import { openGpu } from "./gpu-device.ts";
import { loadOrt, type OrtModule, type OrtOptions } from "./load-ort.ts";
import type { Session } from "./session.ts";

export interface OnnxRuntimeOptions extends OrtOptions {
  /** One graph's file; called once per graph, in the order of loading. */
  readonly openFile: (graph: GraphName) => Promise<GraphFile>;
  /** From the model's `config.json`. */
  readonly maxPositions: number;
  readonly onDeviceLost: (reason: string) => void;
  readonly onSessionCreated: (graph: GraphName, milliseconds: number, weights: WeightsPath) => void;
}

/**
 * Loads the three graphs, one after the other so that at most one file is in memory twice.
 *
 * @throws {VlmError} `session-failed`, `out-of-memory`, `device-lost`, `model-invalid`, and what `openFile` and its files throw
 */
export async function createOnnxRuntime(options: OnnxRuntimeOptions): Promise<Runtime> {
  const ort = await loadOrt(options);
  const gpu = options.device === "webgpu" ? await openGpu() : undefined;
  const loss = gpu?.lost.then(({ reason }) => reason);
  void loss?.then(options.onDeviceLost);
  const sessions: Session[] = [];
  const create = async (
    graph: GraphName,
    sessionOptions: InferenceSession.SessionOptions,
  ): Promise<Session> => {
    const file = await options.openFile(graph);
    const startedAt = performance.now();
    const spec = { graph, device: options.device, options: sessionOptions };
    const { session, weights } = await createSession(ort, spec, file, loss);
    options.onSessionCreated(graph, performance.now() - startedAt, weights);
    sessions.push(session);
    return session;
  };

  try {
    // The embedding is a table look-up: on the CPU in any case, where a row costs nothing and float16
    // tables need no shader support.
    const embed = await create("embed", { executionProviders: ["wasm"] });
    const provider = gpu ? { name: "webgpu", device: gpu } : { name: "wasm" };
    const vision = await create("vision", { executionProviders: [provider] });
    const decoder = await create("decoder", {
      executionProviders: [provider],
      ...(gpu && { preferredOutputLocation: "gpu-buffer" as const }),
    });
    return new OnnxRuntime(ort, { embed, vision, decoder }, options.device, options.maxPositions);
  } catch (error) {
    await Promise.allSettled(sessions.map((session) => session.release()));
    gpu?.destroy();
    throw error;
  }
}

class OnnxRuntime implements Runtime {
  readonly device: Device;
  readonly maxPositions: number;
  readonly #ort: OrtModule;
  readonly #sessions: Readonly<Record<GraphName, Session>>;

  constructor(
    ort: OrtModule,
    sessions: Record<GraphName, Session>,
    device: Device,
    maxPositions: number,
  ) {
    this.#ort = ort;
    this.#sessions = sessions;
    this.device = device;
    this.maxPositions = maxPositions;
  }

  async encodeImage({ data, size }: ImageTensor): Promise<ImageFeatures> {
    const { vision } = this.#sessions;
    const pixels = toTensor(this.#ort, input(vision, "pixel_values"), data, [1, 3, size, size]);
    const { image_features: features } = await vision.run({ pixel_values: pixels });
    if (!features) throw missing("vision", "image_features");
    const values = await readFloats(features); // [1, tokens, hidden]
    const tokens = features.dims.at(-2)!;
    features.dispose();
    const onCpu: CpuImageFeatures = {
      tokens,
      values,
      read: () => Promise.resolve(values),
      dispose: () => undefined,
    };
    return onCpu;
  }

  startDecoding(): Decoding {
    return new OnnxDecoding(this.#ort, this.#sessions);
  }

  async dispose(): Promise<void> {
    await Promise.allSettled(Object.values(this.#sessions).map((session) => session.release()));
  }
}

interface CpuImageFeatures extends ImageFeatures {
  readonly values: Float32Array; // [tokens, hidden]
}

/** One sequence: the KV cache goes out of one run and into the next without being looked at. */
class OnnxDecoding implements Decoding {
  length = 0;
  readonly #ort: OrtModule;
  readonly #sessions: Readonly<Record<GraphName, Session>>;
  #past: Record<string, Tensor>;

  constructor(ort: OrtModule, sessions: Readonly<Record<GraphName, Session>>) {
    this.#ort = ort;
    this.#sessions = sessions;
    this.#past = emptyPast(ort, sessions.decoder);
  }

  async append(parts: readonly PromptPart[]): Promise<Float32Array> {
    const { decoder } = this.#sessions;
    const { values, count } = await this.#embed(parts);
    const total = this.length + count;
    const feeds: Record<string, Tensor> = { ...this.#past };
    feeds["inputs_embeds"] = toTensor(this.#ort, input(decoder, "inputs_embeds"), values, [
      1,
      count,
      values.length / count,
    ]);
    feeds["attention_mask"] = int64(this.#ort, ones(total), [1, total]);
    if (decoder.inputs.some(({ name }) => name === "position_ids")) {
      feeds["position_ids"] = int64(this.#ort, range(this.length, total), [1, count]);
    }

    const outputs = await decoder.run(feeds);
    const { logits } = outputs;
    if (!logits) throw missing("decoder", "logits");
    this.#replacePast(outputs);
    this.length = total;
    const all = await readFloats(logits); // [1, count, vocab]
    logits.dispose();
    const vocabulary = all.length / count;
    return all.subarray(all.length - vocabulary); // [vocab]
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
        blocks.push(await this.#embedTokens(part.ids));
        count += part.ids.length;
      }
    }
    return { values: concat(blocks), count }; // [count, hidden]
  }

  async #embedTokens(ids: readonly number[]): Promise<Float32Array> {
    const outputs = await this.#sessions.embed.run({
      input_ids: int64(this.#ort, BigInt64Array.from(ids, BigInt), [1, ids.length]),
    });
    const embeds = outputs["inputs_embeds"];
    if (!embeds) throw missing("embed", "inputs_embeds");
    return readFloats(embeds);
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

function input(session: Session, name: string): InferenceSession.TensorValueMetadata {
  const found = session.inputs.find((one) => one.name === name);
  if (!found) throw missing(session.graph, name);
  return found;
}

function missing(graph: GraphName, name: string): VlmError<"model-invalid"> {
  return new VlmError(
    "model-invalid",
    `The ${graph} graph has no ${name}. It needs the names of the public FastVLM files.`,
    { file: graph, reason: `no ${name}` },
  );
}

/** A float tensor of the type that the graph's input has. */
function toTensor(
  ort: OrtModule,
  { type }: InferenceSession.TensorValueMetadata,
  values: Float32Array,
  dims: readonly number[],
): Tensor {
  return type === "float16"
    ? new ort.Tensor("float16", float32ToFloat16(values), dims)
    : new ort.Tensor("float32", values, dims);
}

async function readFloats(tensor: Tensor): Promise<Float32Array> {
  const data = await tensor.getData();
  if (data instanceof Float32Array) return data;
  if (data instanceof Uint16Array) return float16ToFloat32(data);
  // Browsers with a Float16Array get one from ORT.
  return Float32Array.from(data as unknown as ArrayLike<number>);
}

function int64(ort: OrtModule, values: BigInt64Array, dims: readonly number[]): Tensor {
  return new ort.Tensor("int64", values, dims);
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
