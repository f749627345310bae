/**
 * From a graph's file to a session, with as little of the file in memory as the browser allows:
 * ORT gets a skeleton without weights and takes the weights out of the file itself. Given the whole
 * file it would hold it three times over (decisions/2026-11-23-weights-mounted-not-copied.md).
 */

import {
  ifReadable,
  skeletonOf,
  type GraphOutline,
  type MessageEdit,
} from "@fastvlm-kit/onnx/graph";
import { VlmError } from "../../protocol/errors.ts";
import { capturing } from "./graph-capture.ts";
import type { Graph } from "./graph-file.ts";
import { lazyBytes } from "./lazy-bytes.ts";
import type { OrtModule } from "./load-ort.ts";
import { lossWithin, Session, type SessionSpec } from "./session.ts";

/** How ORT came to the weights: from the stored file piece by piece, or with the whole model. */
export type WeightsPath = "mounted" | "whole";

/** A change of a graph; undefined where the graph is not understood. */
export type GraphRewrite = (model: GraphOutline) => MessageEdit | undefined;

export interface CreatedSession {
  readonly session: Session;
  readonly weights: WeightsPath;
  /** Whether the session computes what the rewrite made of the graph. */
  readonly isRewritten: boolean;
  /** Whether runs may be captured. */
  readonly isCapturing: boolean;
  /** What the runtime refused before it took this, in its own words. */
  readonly refused: readonly Refusal[];
}

export interface Refusal {
  readonly what: "captured" | "rewritten" | "mounted";
  readonly reason: string;
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
  const refused: Refusal[] = [];
  for (const { bytes, isRewritten, isCapturing } of attempts(graph, { rewrite, captures })) {
    const mounted = { ...spec.options, externalData };
    const options = isCapturing ? capturing(mounted) : mounted;
    try {
      const session = await Session.create(ort, { ...spec, bytes, options }, gpuLoss);
      return { session, weights: "mounted", isRewritten, isCapturing, refused };
    } catch (error) {
      // Neither comes right by trying again with more memory.
      if (VlmError.is(error, "out-of-memory") || (await lossWithin(gpuLoss)) !== undefined)
        throw error;
      const what = isCapturing ? "captured" : isRewritten ? "rewritten" : "mounted";
      refused.push({ what, reason: reasonOf(error) });
    }
  }
  const bytes = graph.file.read(0, graph.file.size);
  const options = own.length > 0 ? { ...spec.options, externalData: own } : spec.options;
  const session = await Session.create(ort, { ...spec, bytes, options }, gpuLoss);
  return { session, weights: "whole", isRewritten: false, isCapturing: false, refused };
}

/** A damaged file has no skeleton: ORT has the last word on it. */
interface Attempt extends Pick<CreatedSession, "isRewritten" | "isCapturing"> {
  readonly bytes: Uint8Array;
}

/** What to try, the best first; each is made when it is asked for. */
function* attempts(
  { model }: Graph,
  { rewrite, captures = false }: Pick<CreateSessionOptions, "rewrite" | "captures">,
): Generator<Attempt> {
  if (!model) return;
  const edit = rewrite && ifReadable(() => rewrite(model));
  if (edit) {
    const skeleton = ifReadable(() => skeletonOf(model, { location: LOCATION, edit }));
    if (skeleton) {
      const { bytes } = skeleton;
      if (captures) yield { bytes, isRewritten: true, isCapturing: true };
      yield { bytes, isRewritten: true, isCapturing: false };
    }
  }
  const skeleton = ifReadable(() => skeletonOf(model, { location: LOCATION }));
  if (skeleton) yield { bytes: skeleton.bytes, isRewritten: false, isCapturing: false };
}

/** ORT's sentence, without the paths of the machine that built it. */
function reasonOf(error: unknown): string {
  const { message } =
    (error as Error).cause instanceof Error ? (error as { cause: Error }).cause : (error as Error);
  return message.slice(0, MAX_REASON);
}

const MAX_REASON = 300;
