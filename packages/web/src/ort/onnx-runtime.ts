/**
 * The model's three graphs on onnxruntime-web. The encoder and the decoder are sessions; the
 * embedding is a look-up in its file where its graph is no more than that.
 */

import type { InferenceSession } from "onnxruntime-web/webgpu";
import type { Device, GraphName } from "../protocol/model-descriptor.ts";
import type { Decoding, ImageFeatures, ImageTensor, Runtime } from "../model/runtime.ts";
import { rewriteDecoder, type DecoderParts, type DecoderRewrite } from "../onnx/decoder-rewrite.ts";
import type { ModelOutline } from "../onnx/model-outline.ts";
import { createAppendedCache } from "./appended-kv-cache.ts";
import { canSharePast } from "../onnx/shared-past.ts";
import {
  createSession,
  LOCATION,
  type CreateSessionOptions,
  type CreatedSession,
  type WeightsPath,
} from "./create-session.ts";
import { lookUpEmbedding } from "./embedding-look-up.ts";
import { runEmbedding } from "./embedding-session.ts";
import type { Embedding } from "./embedding.ts";
import { outlineGraph, type Graph, type GraphFile } from "./graph-file.ts";
import { openGpu } from "./gpu-device.ts";
import { createGpuArgmax } from "./gpu-argmax.ts";
import { createGpuInputs } from "./gpu-inputs.ts";
import { createGpuCaches } from "./gpu-kv-cache.ts";
import { createGpuLogits, hasKnownVocabulary } from "./gpu-logits.ts";
import { createGrowingCache, listPast, type KvCache } from "./kv-cache.ts";
import { loadOrt, type OrtOptions } from "./load-ort.ts";
import { OnnxDecoding, type CpuImageFeatures, type OnnxDecodingParts } from "./onnx-decoding.ts";
import type { Session } from "./session.ts";
import { input, missing, readFloats, toTensor } from "./tensors.ts";

export interface OnnxRuntimeOptions extends OrtOptions {
  /** One graph's file; called once per graph, in the order of loading. */
  readonly openFile: (graph: GraphName) => Promise<GraphFile>;
  /** From the model's `config.json`. */
  readonly maxPositions: number;
  /** Whether steps of the decoder may be captured, where the GPU can. Default true. */
  readonly captures?: boolean;
  readonly onDeviceLost: (reason: string) => void;
  /** Called for each graph that gets a session; an embedding that is looked up needs none. */
  readonly onSessionCreated: (graph: GraphName, milliseconds: number, weights: WeightsPath) => void;
  /** Says what became of the graphs that can be made to cost less. */
  readonly onGraphPrepared?: (graph: GraphName, how: GraphPreparation) => void;
}

export type GraphPreparation =
  | (DecoderParts & { readonly steps: "captured" | "run" })
  | { readonly embedding: "looked-up" | "session" }
  /** Whether the encoder takes pictures of any size. */
  | { readonly imageSize: "free" | "fixed" };

const AS_IT_IS: DecoderParts = {
  logits: "all",
  biases: 0,
  rotary: 0,
  joined: 0,
  kv: "all",
  unfused: 0,
  positioned: 0,
};

/** A runtime whose encoder can be replaced by another one that should see the same. */
export interface OrtRuntime extends Runtime {
  /** Whether steps of the decoder are captured once and then replayed. */
  readonly capturesSteps: boolean;
  /**
   * Runs another encoder from now on, until it is decided which one stays.
   *
   * @throws {VlmError} `session-failed`, `out-of-memory`; then nothing has changed
   */
  tryEncoder(file: GraphFile): Promise<{ keep(): Promise<void>; undo(): Promise<void> }>;
}

/** The parts of a loaded model. */
interface Parts extends OnnxDecodingParts {
  vision: Session;
  readonly createEncoder: (file: GraphFile) => Promise<Session>;
  /** The cache of a new sequence. */
  readonly createCache: () => KvCache;
  /** Frees KV memory that no sequence uses. */
  readonly trim: () => void;
  /** Gives up what is not a session's. */
  readonly dispose: () => void;
}

/**
 * Loads the three graphs, one after the other so that at most one file is in memory twice.
 *
 * @throws {VlmError} `session-failed`, `out-of-memory`, `device-lost`, `model-invalid`, and what `openFile` and its files throw
 */
export async function createOnnxRuntime(options: OnnxRuntimeOptions): Promise<OrtRuntime> {
  const { device, onGraphPrepared } = options;
  const ort = await loadOrt(options);
  const gpu = device === "webgpu" ? await openGpu() : undefined;
  const gpuLoss = gpu?.lost.then(({ reason }) => reason);
  void gpuLoss?.then(options.onDeviceLost);
  const opened: Pick<Session, "release">[] = [];

  const open = async (graph: GraphName): Promise<Graph> =>
    outlineGraph(await options.openFile(graph), graph);
  const create = async (
    name: GraphName,
    graph: Graph,
    sessionOptions: InferenceSession.SessionOptions,
    how: Pick<CreateSessionOptions, "rewrite" | "captures"> = {},
  ): Promise<CreatedSession> => {
    const startedAt = performance.now();
    const spec = { graph: name, device, options: sessionOptions };
    try {
      const created = await createSession(ort, spec, graph, { gpuLoss, ...how });
      options.onSessionCreated(name, performance.now() - startedAt, created.weights);
      opened.push(created.session);
      return created;
    } finally {
      graph.file.close();
    }
  };
  const openEmbedding = async (): Promise<Embedding> => {
    const graph = await open("embed");
    const lookUp = lookUpEmbedding(graph, device);
    onGraphPrepared?.("embed", { embedding: lookUp ? "looked-up" : "session" });
    if (lookUp) return lookUp;
    // On the CPU in any case, where a row costs nothing and float16 tables need no shader support.
    const { session } = await create("embed", graph, { executionProviders: ["wasm"] });
    return runEmbedding(ort, session);
  };

  try {
    const provider = gpu ? { name: "webgpu", device: gpu } : { name: "wasm" };
    const providers = { executionProviders: [provider] };
    const outputs = gpu && { preferredOutputLocation: "gpu-buffer" as const };
    const embedding = await openEmbedding();
    const createEncoder = async (graph: Graph): Promise<Session> =>
      (await create("vision", graph, providers)).session;
    const vision = await createEncoder(await open("vision"));
    const graph = await open("decoder");
    const sharesPast = graph.model !== undefined && canSharePast(graph.model);
    const rewrite = graph.model && planRewrite(graph.model, device);
    const decoder = await create(
      "decoder",
      { ...graph, ...(rewrite && { weights: rewrite.source }) },
      { ...providers, ...outputs },
      {
        rewrite: () => rewrite?.edit,
        captures: options.captures !== false && sharesPast && canCapture(gpu, graph.model, rewrite),
      },
    );
    const done = decoder.isRewritten ? rewrite : undefined;
    const past = listPast(decoder.session);
    const caches = gpu && sharesPast ? createGpuCaches(ort, gpu, past) : undefined;
    const onGpu = gpu && {
      argmax: createGpuArgmax(gpu),
      inputs: createGpuInputs(ort, gpu),
      captured: decoder.isCapturing ? createGpuLogits(ort, gpu, decoder.session) : undefined,
    };
    onGraphPrepared?.("decoder", {
      ...(done?.parts ?? AS_IT_IS),
      steps: onGpu?.captured ? "captured" : "run",
    });
    const createCache = (): KvCache => {
      if (caches) return caches.create();
      const newPositions = done?.newPositions;
      return newPositions
        ? createAppendedCache(ort, past, { newPositions, isBiased: done.parts.unfused > 0 })
        : createGrowingCache(ort, past);
    };
    const parts: Parts = {
      ort,
      embedding,
      ...(onGpu && { onGpu }),
      vision,
      createEncoder: (file) => createEncoder(outlineGraph(file, "vision")),
      decoder: decoder.session,
      createCache,
      trim: () => caches?.trim(),
      dispose() {
        caches?.trim();
        onGpu?.inputs.dispose();
        onGpu?.captured?.dispose();
      },
    };
    const runtime = new OnnxRuntime(parts, device, options.maxPositions);
    onGraphPrepared?.("vision", { imageSize: runtime.isImageSizeFree ? "free" : "fixed" });
    return runtime;
  } catch (error) {
    await Promise.allSettled(opened.map((session) => session.release()));
    gpu?.destroy();
    throw error;
  }
}

/**
 * ORT captures its flash attention only, which wants subgroups, and only graphs with all nodes on the GPU:
 * where some of the mask is left on the CPU it says so when the session is made.
 */
function canCapture(
  gpu: GPUDevice | undefined,
  model: ModelOutline | undefined,
  rewrite: DecoderRewrite | undefined,
): boolean {
  if (!model || !rewrite || gpu?.features.has("subgroups") !== true) return false;
  const { parts, readsMask } = rewrite;
  const isTold = parts.positioned > 0 && !readsMask;
  return isTold && parts.logits === "last" && hasKnownVocabulary(model);
}

/** A damaged file is not rewritten: ORT has the last word on it. */
function planRewrite(model: ModelOutline, device: Device): DecoderRewrite | undefined {
  try {
    return rewriteDecoder(model, { device, location: LOCATION });
  } catch {
    return undefined;
  }
}

class OnnxRuntime implements OrtRuntime {
  readonly device: Device;
  readonly maxPositions: number;
  readonly isImageSizeFree: boolean;
  readonly capturesSteps: boolean;
  readonly #parts: Parts;

  constructor(parts: Parts, device: Device, maxPositions: number) {
    const [, , height, width] = input(parts.vision, "pixel_values").shape; // [n, 3, h, w]
    this.isImageSizeFree = typeof height === "string" && typeof width === "string";
    this.capturesSteps = parts.onGpu?.captured !== undefined;
    this.#parts = parts;
    this.device = device;
    this.maxPositions = maxPositions;
  }

  async encodeImage({ data, size }: ImageTensor): Promise<ImageFeatures> {
    const { ort, vision } = this.#parts;
    const pixels = toTensor(ort, input(vision, "pixel_values"), data, [1, 3, size, size]);
    const { image_features: features } = await vision.run({ pixel_values: pixels });
    if (!features) throw missing("vision", "image_features");
    const values = await readFloats(features); // [1, tokens, hidden]
    const tokens = features.dims.at(-2)!;
    features.dispose();
    return this.restoreImage(tokens, values);
  }

  restoreImage(tokens: number, values: Float32Array): CpuImageFeatures {
    return { tokens, values, read: () => Promise.resolve(values), dispose: () => undefined };
  }

  async tryEncoder(file: GraphFile): ReturnType<OrtRuntime["tryEncoder"]> {
    const parts = this.#parts;
    const [before, after] = [parts.vision, await parts.createEncoder(file)];
    parts.vision = after;
    return {
      keep: () => before.release(),
      async undo() {
        parts.vision = before;
        await after.release();
      },
    };
  }

  startDecoding(): Decoding {
    return new OnnxDecoding(this.#parts, this.#parts.createCache());
  }

  trim(): void {
    this.#parts.trim();
  }

  async dispose(): Promise<void> {
    const { embedding, vision, decoder, dispose } = this.#parts;
    await Promise.allSettled([embedding, vision, decoder].map((part) => part.release()));
    dispose();
  }
}
