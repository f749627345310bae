/**
 * Creates a session from a graph's file, with as little of the file in memory as the browser allows. ORT gets a skeleton
 * without weights, and reads the weights from the file itself. If it got the whole file, it would hold it three times
 * in memory (decisions/2026-11-23-weights-mounted-not-copied.md).
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
import type { OrtModule } from "./ort-source.ts";
import { lossWithin, Session, type SessionSpec } from "./session.ts";

/** How ORT got the weights: piece by piece from the stored file (`mounted`), or with the whole file (`whole`). */
export type WeightsPath = "mounted" | "whole";

/** Plans the change of a graph; undefined if the graph is not understood. */
export type GraphRewrite = (model: GraphOutline) => MessageEdit | undefined;

export interface CreatedSession {
  readonly session: Session;
  readonly weights: WeightsPath;
  /** Whether the session runs the rewritten graph. */
  readonly isRewritten: boolean;
  /** Whether runs may be captured. */
  readonly isCapturing: boolean;
  /** The forms that the runtime refused before this one, with its own words. */
  readonly refused: readonly Refusal[];
}

export interface Refusal {
  readonly what: "captured" | "rewritten" | "mounted";
  readonly reason: string;
}

export interface CreateSessionOptions {
  readonly rewrite?: GraphRewrite | undefined;
  /** Whether to try the rewritten graph with captures first. ORT refuses them if a node is not on the GPU. */
  readonly captures?: boolean | undefined;
  readonly gpuLoss?: Promise<string> | undefined;
}

/** The name of the mounted file, in the skeleton and for ORT. It is mounted only while the session is created. */
export const LOCATION = "fastvlm-kit.weights";

/** @throws {VlmError} `session-failed`, `out-of-memory`, and the errors of the file */
export async function createSession(
  ort: OrtModule,
  spec: Omit<SessionSpec, "bytes">,
  graph: Graph,
  { rewrite, captures, gpuLoss }: CreateSessionOptions = {},
): Promise<CreatedSession> {
  // The external files are mounted under their own names too, for tensors that stay as the file has them.
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
      // Only what ORT refused is tried in a simpler form, which needs more memory and a GPU that is there.
      if (!VlmError.is(error, "session-failed") || (await lossWithin(gpuLoss)) !== undefined)
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

/** One way to create the session. A file that cannot be read has no skeleton, and ORT decides about it. */
interface Attempt extends Pick<CreatedSession, "isRewritten" | "isCapturing"> {
  readonly bytes: Uint8Array;
}

/** The ways to try, the best first. Each is prepared only when it is tried. */
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

/** The message of ORT, without the paths of the machine that built it. */
function reasonOf(error: unknown): string {
  const { message } =
    (error as Error).cause instanceof Error ? (error as { cause: Error }).cause : (error as Error);
  return message.slice(0, MAX_REASON);
}

const MAX_REASON = 300;
