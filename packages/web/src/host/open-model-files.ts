/** Opens a model's files for one request, and reports progress and metrics about them. */

import { createModelFiles, type ModelFiles } from "../download/model-files.ts";
import type { PauseGate } from "../download/pause-gate.ts";
import type { Recorder } from "../metrics/recorder.ts";
import type { ModelDescriptor } from "../protocol/model-descriptor.ts";
import type { VlmEvent } from "../protocol/result.ts";
import type { FileStore } from "../storage/file-store.ts";
import { modelKey } from "../storage/file-keys.ts";
import type { DownloadPolicy, NetworkUse, WorkerMessage } from "../wire/worker-api.ts";
import { downloadLockName } from "./in-use.ts";
import type { StoredModels } from "./stored-models.ts";

export interface OpenModelFilesOptions {
  readonly request: {
    readonly model: ModelDescriptor;
    readonly download: DownloadPolicy;
    readonly network?: NetworkUse;
  };
  readonly library: StoredModels;
  /** The file store of the library, or one that also uses verdicts of a verifying worker. */
  readonly files: FileStore;
  readonly recorder: Recorder;
  readonly tell: (message: WorkerMessage) => void;
  readonly gate: PauseGate;
}

const NO_RANGES = {
  type: "setup-problem",
  reason: "no-ranges",
  message:
    "The server of the model's files sends only whole files: a download that breaks off begins again. Serve them uncompressed, with `Accept-Ranges: bytes`.",
} as const satisfies VlmEvent;

export function openModelFiles(options: OpenModelFilesOptions): ModelFiles {
  const { library, recorder, tell, gate } = options;
  const { model, download, network } = options.request;
  const { databaseName } = library.options;
  const { models } = library.stores;
  let isTold = false;
  return createModelFiles({
    model,
    store: models,
    files: options.files,
    // Without persistent storage there is no lock, because other tabs cannot use this worker's memory.
    lockName: models.isPersistent ? downloadLockName(databaseName, modelKey(model)) : undefined,
    policy: download,
    gate,
    fetch: network === "none" ? undefined : fetch,
    now: () => performance.now(),
    report: {
      onProgress: (progress) => {
        tell({ type: "progress", progress });
      },
      onStarted: () => library.touch({ ...model, license: model.license.id }),
      onCacheHit: () => {
        recorder.record("vlm.model.cache.hits", 1);
      },
      onCacheMiss: () => {
        recorder.record("vlm.model.cache.misses", 1);
      },
      onResumed: () => {
        recorder.record("vlm.model.download.resumes", 1);
      },
      onRetry: () => {
        recorder.record("vlm.model.download.retries", 1);
      },
      onCorrupted: () => {
        recorder.record("vlm.model.cache.corruptions", 1);
      },
      onNoRanges: () => {
        if (isTold) return;
        isTold = true;
        tell({ type: "event", event: NO_RANGES });
      },
      onDownloaded: (bytes, milliseconds) => {
        recorder.record("vlm.model.download.bytes", bytes);
        recorder.recordMs("vlm.model.download.duration", milliseconds);
      },
      onVerified: (milliseconds) => {
        recorder.recordMs("vlm.model.verify.duration", milliseconds);
      },
    },
  });
}
