/** The options of a model's files, and the callbacks through which they report. */

import type { ModelDescriptor } from "../protocol/model-descriptor.ts";
import type { DownloadProgress } from "../protocol/result.ts";
import type { FileStore } from "../storage/file-store.ts";
import type { ResilientStore } from "../storage/resilient-store.ts";
import type { Store } from "../storage/store.ts";
import type { DownloadPolicy } from "../wire/worker-api.ts";
import type { PauseGate } from "./pause-gate.ts";

export interface ModelFilesOptions {
  readonly model: ModelDescriptor;
  readonly store: Store & Partial<ResilientStore>;
  readonly files: FileStore;
  /** The name of the lock, the same in all tabs that download to the same place; undefined if nothing is shared. */
  readonly lockName: string | undefined;
  readonly policy: DownloadPolicy;
  readonly gate: PauseGate;
  /** Makes the requests. Undefined forbids every request. */
  readonly fetch: typeof fetch | undefined;
  readonly now: () => number;
  readonly report: ModelFilesReport;
}

/** Callbacks for what happens during a download. */
export interface ModelFilesReport {
  readonly onProgress: (progress: DownloadProgress) => void;
  /** Called before the first bytes are stored. */
  readonly onStarted: () => Promise<void>;
  readonly onCacheHit: () => void;
  readonly onCacheMiss: () => void;
  /** Called when a download continues from shards that an earlier one stored. */
  readonly onResumed: () => void;
  readonly onRetry: () => void;
  readonly onCorrupted: () => void;
  /** Called when a server sends whole files only, so that a download that breaks off begins again. */
  readonly onNoRanges: () => void;
  readonly onDownloaded: (bytes: number, milliseconds: number) => void;
  readonly onVerified: (milliseconds: number) => void;
}
