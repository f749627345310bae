/** The decoder's session with what belongs to it: its KV caches, and what of a step stays on the GPU. */

import { rewriteDecoder, type DecoderParts, type DecoderRewrite } from "../onnx/decoder-rewrite.ts";
import { headSizesOf } from "../onnx/head-size.ts";
import type { ModelOutline } from "../onnx/model-outline.ts";
import { canSharePast } from "../onnx/shared-past.ts";
import type { Device } from "../protocol/model-descriptor.ts";
import type { DecoderForm } from "../protocol/result.ts";
import { createAppendedCache } from "./appended-kv-cache.ts";
import { LOCATION, type CreatedSession, type CreateSessionOptions } from "./create-session.ts";
import { createGpuArgmax } from "./gpu-argmax.ts";
import { createGpuInputs } from "./gpu-inputs.ts";
import { createGpuCaches } from "./gpu-kv-cache.ts";
import { createGpuLogits, hasKnownVocabulary } from "./gpu-logits.ts";
import type { Graph } from "./graph-file.ts";
import { createGrowingCache } from "./growing-kv-cache.ts";
import { listPast, type KvCache } from "./kv-cache.ts";
import type { OrtModule } from "./load-ort.ts";
import type { OnGpu } from "./onnx-decoding.ts";
import type { Session } from "./session.ts";

export interface OpenedDecoder {
  readonly form: DecoderForm;
  /** What the rewrite changed. */
  readonly parts: DecoderParts;
  readonly session: Session;
  readonly onGpu: OnGpu | undefined;
  /** The cache of a new sequence. */
  readonly createCache: () => KvCache;
  /** Frees KV memory that no sequence uses. */
  trim(): void;
  release(): Promise<void>;
}

export interface OpenDecoderContext {
  readonly ort: OrtModule;
  readonly gpu: GPUDevice | undefined;
  /** @throws {VlmError} `session-failed`, `out-of-memory` */
  readonly create: (
    graph: Graph,
    how: Pick<CreateSessionOptions, "rewrite" | "captures">,
  ) => Promise<CreatedSession>;
}

const AS_IT_IS: DecoderParts = {
  logits: "all",
  biases: 0,
  rotary: 0,
  joined: 0,
  kv: "all",
  unfused: 0,
  positioned: 0,
};

/**
 * @param form the most that is done
 * @throws {VlmError} `session-failed`, `out-of-memory`, `model-invalid`
 */
export async function openDecoder(
  form: DecoderForm,
  graph: Graph,
  { ort, gpu, create }: OpenDecoderContext,
): Promise<OpenedDecoder> {
  const sharesPast = graph.model !== undefined && canSharePast(graph.model);
  const rewrite =
    graph.model && form !== "plain" ? planRewrite(graph.model, gpu ? "webgpu" : "wasm") : undefined;
  // Before the file is closed.
  const headSizes = graph.model ? headSizesOf(graph.model) : new Map<string, number>();
  const { session, isRewritten, isCapturing } = await create(
    { ...graph, ...(rewrite && { weights: rewrite.source }) },
    {
      rewrite: () => rewrite?.edit,
      captures: form === "captured" && sharesPast && canCapture(gpu, graph.model, rewrite),
    },
  );
  const done = isRewritten ? rewrite : undefined;
  const past = listPast(session, headSizes);
  const caches = gpu && sharesPast ? createGpuCaches(ort, gpu, past) : undefined;
  const onGpu = gpu && {
    argmax: createGpuArgmax(gpu),
    inputs: createGpuInputs(ort, gpu),
    captured: isCapturing ? createGpuLogits(ort, gpu, session) : undefined,
  };
  return {
    form: isCapturing ? "captured" : done ? "rewritten" : "plain",
    parts: done?.parts ?? AS_IT_IS,
    session,
    onGpu,
    createCache() {
      if (caches) return caches.create();
      const newPositions = done?.newPositions;
      return newPositions
        ? createAppendedCache(ort, past, { newPositions, isBiased: done.parts.unfused > 0 })
        : createGrowingCache(ort, past, gpu);
    },
    trim: () => caches?.trim(),
    async release() {
      await session.release();
      caches?.trim();
      onGpu?.inputs.dispose();
      onGpu?.captured?.dispose();
    },
  };
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
