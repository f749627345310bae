/** What the files of a model need, and what they report on the way. */

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
  /** Shared by all tabs that download to the same place; undefined where nothing is shared. */
  readonly lockName: string | undefined;
  readonly policy: DownloadPolicy;
  readonly gate: PauseGate;
  /** Undefined forbids every request. */
  readonly fetch: typeof fetch | undefined;
  readonly now: () => number;
  readonly report: ModelFilesReport;
}

/** What happens on the way. */
export interface ModelFilesReport {
  readonly onProgress: (progress: DownloadProgress) => void;
  /** Bytes are about to be stored. */
  readonly onStarted: () => Promise<void>;
  readonly onCacheHit: () => void;
  readonly onCacheMiss: () => void;
  /** A download goes on from shards that an earlier one stored. */
  readonly onResumed: () => void;
  readonly onRetry: () => void;
  readonly onCorrupted: () => void;
  readonly onDownloaded: (bytes: number, milliseconds: number) => void;
  readonly onVerified: (milliseconds: number) => void;
}
