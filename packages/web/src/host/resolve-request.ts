/** Turns a request for a model of a branch or tag into a request for the model of a commit. */

import { fileOf, fileKeyOf } from "../download/model-file.ts";
import type { PauseGate } from "../download/pause-gate.ts";
import { resolveModel } from "../download/resolve-model.ts";
import type { Recorder } from "../metrics/recorder.ts";
import type { ModelDescriptor } from "../protocol/model-descriptor.ts";
import { moveToCommit } from "../storage/known-commits.ts";
import type { DownloadPolicy, NetworkUse } from "../wire/worker-api.ts";
import type { StoredModels } from "./stored-models.ts";

export interface ResolvableRequest {
  readonly model: ModelDescriptor;
  readonly download: DownloadPolicy;
  readonly network?: NetworkUse;
  readonly asksAnew?: boolean;
}

export interface ResolveSettings {
  readonly library: StoredModels;
  /** The files of the model that are needed. */
  readonly paths: readonly string[];
  readonly gate: PauseGate;
  readonly recorder: Recorder;
}

/**
 * @throws {VlmError} `download-failed` when the hub does not answer, `model-invalid` when its answer makes no sense
 */
export async function resolveRequest<R extends ResolvableRequest>(
  request: R,
  { library, paths, gate, recorder }: ResolveSettings,
): Promise<R> {
  for (;;) {
    const paused = gate.signal;
    try {
      const model = await resolveModel(request.model, {
        store: library.stores.models,
        fetch: request.network === "none" ? undefined : fetch,
        policy: request.download,
        asksAnew: request.asksAnew === true,
        signal: paused,
        onRetry: () => {
          recorder.record("vlm.model.download.retries", 1);
        },
        isStored: (stored) => isStored(library, stored, paths),
      });
      return { ...request, model };
    } catch (error) {
      if (!paused.aborted) throw error;
      await gate.whenOpen();
    }
  }
}

/** Called when all files of `resolved` are stored. If the hub was asked again, the branch or tag now means this commit. */
export async function settleRequest(
  { model: asked, asksAnew }: ResolvableRequest,
  { model: resolved }: ResolvableRequest,
  library: StoredModels,
): Promise<void> {
  if (asksAnew !== true || resolved.revision === asked.revision) return;
  await moveToCommit(library.stores.models, asked, resolved.revision);
}

async function isStored(
  { files }: StoredModels,
  model: ModelDescriptor,
  paths: readonly string[],
): Promise<boolean> {
  for (const path of paths) {
    if (!(await files.readRecord(fileKeyOf(model, path), fileOf(model, path)))) return false;
  }
  return true;
}
