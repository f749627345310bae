/**
 * From a graph's file to a session, with as little of the file in memory as the browser allows:
 * ORT gets a skeleton without weights and takes the weights out of the file itself. Given the whole
 * file it would hold it three times over (decisions/, 2026-11-23, weights mounted).
 */

import { VlmError } from "../protocol/errors.ts";
import type { ModelOutline } from "../onnx/model-outline.ts";
import type { MessageEdit } from "../onnx/rewrite.ts";
import { skeletonOf } from "../onnx/skeleton.ts";
import { capturing } from "./graph-capture.ts";
import type { Graph } from "./graph-file.ts";
import { lazyBytes } from "./lazy-bytes.ts";
import type { OrtModule } from "./load-ort.ts";
import { lossWithin, Session, type SessionSpec } from "./session.ts";

/** How ORT came to the weights: from the stored file piece by piece, or with the whole model. */
export type WeightsPath = "mounted" | "whole";

/** A change of a graph; undefined where the graph is not understood. */
export type GraphRewrite = (model: ModelOutline) => MessageEdit | undefined;

export interface CreatedSession {
  readonly session: Session;
  readonly weights: WeightsPath;
  /** Whether the session computes what the rewrite made of the graph. */
  readonly isRewritten: boolean;
  /** Whether runs may be captured. */
  readonly isCapturing: boolean;
}

export interface CreateSessionOptions {
  readonly rewrite?: GraphRewrite | undefined;
  /** Tries a rewritten graph with captures first; ORT refuses them where a node is not on the GPU. */
  readonly captures?: boolean | undefined;
  readonly gpuLoss?: Promise<string> | undefined;
}

/** The name that skeleton and mount call the file by; it is mounted while the session is created, no longer. */
export const LOCATION = "fastvlm-kit.weights";

/** @throws {VlmError} `session-failed`, `out-of-memory`, and what the file throws */
export async function createSession(
  ort: OrtModule,
  spec: Omit<SessionSpec, "bytes">,
  graph: Graph,
  { rewrite, captures, gpuLoss }: CreateSessionOptions = {},
): Promise<CreatedSession> {
  // Under their own names too, for what is not understood and stays as the file has it.
  const own = (graph.file.externalData ?? []).map(({ location, source }) => ({
    path: location,
    data: lazyBytes(source),
  }));
  const externalData = [{ path: LOCATION, data: lazyBytes(graph.weights) }, ...own];
  for (const { bytes, isRewritten, isCapturing } of attempts(graph, { rewrite, captures })) {
    const mounted = { ...spec.options, externalData };
    const options = isCapturing ? capturing(mounted) : mounted;
    try {
      const session = await Session.create(ort, { ...spec, bytes, options }, gpuLoss);
      return { session, weights: "mounted", isRewritten, isCapturing };
    } catch (error) {
      // Neither comes right by trying again with more memory.
      if (VlmError.is(error, "out-of-memory") || (await lossWithin(gpuLoss)) !== undefined)
        throw error;
    }
  }
  const bytes = graph.file.read(0, graph.file.size);
  const options = own.length > 0 ? { ...spec.options, externalData: own } : spec.options;
  const session = await Session.create(ort, { ...spec, bytes, options }, gpuLoss);
  return { session, weights: "whole", isRewritten: false, isCapturing: false };
}

interface Attempt extends Pick<CreatedSession, "isRewritten" | "isCapturing"> {
  readonly bytes: Uint8Array;
}

/** What to try, the best first; each is made when it is asked for. */
function* attempts(
  { model }: Graph,
  { rewrite, captures = false }: Pick<CreateSessionOptions, "rewrite" | "captures">,
): Generator<Attempt> {
  if (!model) return;
  const edit = rewrite && orUndefined(() => rewrite(model));
  if (edit) {
    const skeleton = orUndefined(() => skeletonOf(model, { location: LOCATION, edit }));
    if (skeleton) {
      const { bytes } = skeleton;
      if (captures) yield { bytes, isRewritten: true, isCapturing: true };
      yield { bytes, isRewritten: true, isCapturing: false };
    }
  }
  const skeleton = orUndefined(() => skeletonOf(model, { location: LOCATION }));
  if (skeleton) yield { bytes: skeleton.bytes, isRewritten: false, isCapturing: false };
}

/** A damaged file has no skeleton either: ORT has the last word on it. */
function orUndefined<Result>(make: () => Result | undefined): Result | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}
