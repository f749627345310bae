/** Opens the decoder: its session, its KV caches, and the buffers of a step that stay on the GPU. */

import {
  canSharePast,
  headSizesOf,
  planDecoder,
  sharesScale,
  type DecoderRewrite,
  type GraphOutline,
  type RewriteSummary,
} from "@fastvlm-kit/onnx/graph";
import type { GraphReport, RewriteReport } from "../../protocol/graph-report.ts";
import type { DecoderForm } from "../../protocol/result.ts";
import { createAppendedCache } from "./appended-kv-cache.ts";
import {
  LOCATION,
  type CreatedSession,
  type CreateSessionOptions,
  type Refusal,
} from "./create-session.ts";
import { createGpuArgmax } from "./gpu-argmax.ts";
import { createGpuInputs } from "./gpu-inputs.ts";
import { createGpuCaches } from "./gpu-kv-cache.ts";
import { createGpuLogits, hasKnownVocabulary } from "./gpu-logits.ts";
import type { Graph } from "./graph-file.ts";
import { planGraph, refusals, undone } from "./graph-plan.ts";
import { createGrowingCache } from "./growing-kv-cache.ts";
import { listPast, type KvCache } from "./kv-cache.ts";
import type { OrtModule } from "./ort-source.ts";
import type { OnGpu } from "./onnx-decoding.ts";
import type { Session } from "./session.ts";

export interface OpenedDecoder {
  readonly form: DecoderForm;
  /** Which changes the rewrite made. */
  readonly parts: RewriteSummary;
  readonly report: GraphReport;
  readonly session: Session;
  readonly onGpu: OnGpu | undefined;
  /** Whether the first position of a sequence runs by itself (see {@link OnnxDecodingParts.runsFirstAlone}). */
  readonly runsFirstAlone: boolean;
  /** Creates the cache of a new sequence. */
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

const AS_IT_IS: RewriteSummary = {
  logits: "all",
  biases: 0,
  rotary: 0,
  joined: 0,
  kv: "all",
  unfused: 0,
  positioned: 0,
};

/**
 * @param form the best form to try
 * @throws {VlmError} `session-failed`, `out-of-memory`, `model-invalid`
 */
export async function openDecoder(
  form: DecoderForm,
  graph: Graph,
  { ort, gpu, create }: OpenDecoderContext,
): Promise<OpenedDecoder> {
  const { model } = graph;
  const device = gpu ? "webgpu" : "wasm";
  const sharesPast = model !== undefined && canSharePast(model);
  const { plan, failures } = planGraph(() =>
    model && form !== "plain" ? planDecoder(model, { device, location: LOCATION }) : undefined,
  );
  const rewrite = plan?.rewrite;
  const whyNotCaptured =
    form === "captured" && sharesPast ? whyNotCapture(gpu, model, rewrite) : NOT_ASKED;
  // Read now, because creating the session closes the file.
  const runsFirstAlone = model !== undefined && sharesScale(model);
  const headSizes = model ? headSizesOf(model) : new Map<string, number>();
  const { session, isRewritten, isCapturing, refused } = await create(
    { ...graph, ...(rewrite && { weights: rewrite.source }) },
    { rewrite: () => rewrite?.edit, captures: whyNotCaptured === undefined },
  );
  const done = isRewritten ? rewrite : undefined;
  const past = listPast(session, headSizes);
  const caches = gpu && sharesPast ? createGpuCaches(ort, gpu, past) : undefined;
  const onGpu = gpu && {
    argmax: createGpuArgmax(gpu),
    inputs: createGpuInputs(ort, gpu),
    readsPositions: done?.readsPositions !== false,
    captured: isCapturing ? createGpuLogits(ort, gpu, session) : undefined,
  };
  return {
    form: isCapturing ? "captured" : done ? "rewritten" : "plain",
    parts: done?.parts ?? AS_IT_IS,
    report: {
      graph: "decoder",
      device,
      form: isCapturing ? "captured" : done ? "rewritten" : "plain",
      rewrites: [
        ...(plan?.rewrites ?? []).map((one) => (rewrite && !done ? undone(one) : one)),
        ...(gpu ? [captures(isCapturing, whyNotCaptured, refused)] : []),
      ],
      failures: [...failures, ...refusals(refused)],
    },
    session,
    onGpu,
    runsFirstAlone,
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

const NOT_ASKED = "the decoder was loaded to be run as it is, or its past cannot be shared";

/**
 * Why steps cannot be captured. ORT can capture only its flash attention, which needs subgroups, and only graphs with all
 * nodes on the GPU. If nodes of the mask are on the CPU, it refuses when the session is created.
 */
function whyNotCapture(
  gpu: GPUDevice | undefined,
  model: GraphOutline | undefined,
  rewrite: DecoderRewrite | undefined,
): string | undefined {
  if (gpu?.features.has("subgroups") !== true) return "the GPU has no subgroups of use";
  if (!model || !rewrite) return "the graph is not changed";
  const { parts, readsMask } = rewrite;
  if (parts.positioned === 0) return "attention is not told the lengths";
  if (readsMask) return "something reads the mask, whose length is another in each run";
  if (parts.logits !== "last") return "logits are computed for all positions";
  return hasKnownVocabulary(model) ? undefined : "the file does not say how many logits there are";
}

function captures(
  isCapturing: boolean,
  whyNot: string | undefined,
  refused: readonly Refusal[],
): RewriteReport {
  const refusal = refused.find(({ what }) => what === "captured")?.reason;
  const reason = whyNot ?? refusal ?? "the changed graph was refused";
  return {
    name: "captured-steps",
    applied: isCapturing ? 1 : 0,
    missed: isCapturing ? [] : [reason],
  };
}
