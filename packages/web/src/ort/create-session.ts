/**
 * From a graph's file to a session, with as little of the file in memory as the browser allows:
 * ORT gets a skeleton without weights and takes the weights out of the file itself. Given the whole
 * file it would hold it three times over (decisions/, 2026-11-23, weights mounted).
 */

import { VlmError } from "../protocol/errors.ts";
import type { GraphName } from "../protocol/model-descriptor.ts";
import { sourceOfBytes, type ByteSource } from "../onnx/byte-source.ts";
import { toSkeleton } from "../onnx/skeleton.ts";
import type { GraphFile } from "./graph-file.ts";
import { lazyBytes, sourceOfBlob } from "./lazy-bytes.ts";
import type { OrtModule } from "./load-ort.ts";
import { lossWithin, Session, type SessionSpec } from "./session.ts";

/** How ORT came to the weights: from the stored file piece by piece, from the file in memory, or with the whole model. */
export type WeightsPath = "lazy" | "mounted" | "whole";

export interface CreatedSession {
  readonly session: Session;
  readonly weights: WeightsPath;
}

/** The name that skeleton and mount call the file by; it is mounted while the session is created, no longer. */
const LOCATION = "weights";

/** @throws {VlmError} `session-failed`, `out-of-memory`, and what the file throws */
export async function createSession(
  ort: OrtModule,
  spec: Omit<SessionSpec, "bytes">,
  file: GraphFile,
  gpuLoss?: Promise<string>,
): Promise<CreatedSession> {
  const mount = await openMount(file);
  const skeleton = skeletonOf(mount.source, spec.graph);
  if (skeleton) {
    const externalData = [{ path: LOCATION, data: mount.data }];
    const mounted = { ...spec, bytes: skeleton, options: { ...spec.options, externalData } };
    try {
      return { session: await Session.create(ort, mounted, gpuLoss), weights: mount.weights };
    } catch (error) {
      // Neither comes right by trying again with more memory.
      if (VlmError.is(error, "out-of-memory") || (await lossWithin(gpuLoss)) !== undefined)
        throw error;
    }
  }
  const bytes = mount.weights === "mounted" ? mount.data : await file.read();
  return { session: await Session.create(ort, { ...spec, bytes }, gpuLoss), weights: "whole" };
}

interface Mount {
  readonly source: ByteSource;
  readonly data: Uint8Array;
  readonly weights: "lazy" | "mounted";
}

async function openMount(file: GraphFile): Promise<Mount> {
  const blob = await file.blob?.();
  const source = blob && sourceOfBlob(blob);
  if (source) return { source, data: lazyBytes(source), weights: "lazy" };
  const data = await file.read();
  return { source: sourceOfBytes(data), data, weights: "mounted" };
}

/** Undefined for what has no skeleton, also where the file is damaged: ORT has the last word on that. */
function skeletonOf(source: ByteSource, graph: GraphName): Uint8Array | undefined {
  try {
    return toSkeleton(source, { file: graph, location: LOCATION })?.bytes;
  } catch {
    return undefined;
  }
}
