/** Types for what is stored and how it is downloaded. */

import type { Device } from "./model-descriptor.ts";

/** Options of downloads. */
export interface DownloadOptions {
  /** How many requests run at the same time. Default 4. */
  readonly parallel?: number;
  /**
   * After how many failures in a row a download is given up. Each stored shard resets the counter. Default 6, which is
   * about a minute with the waits between them.
   */
  readonly retries?: number;
  /** The wait before the first retry, in milliseconds. It doubles each time, up to 30 s. Default 500. */
  readonly retryDelayMs?: number;
  /** A request that brings no byte for this time is repeated. Default 30,000 ms. */
  readonly stallTimeoutMs?: number;
  /** If the tab that downloads is silent for this time, another tab takes over. Default 10,000 ms. */
  readonly takeOverAfterMs?: number;
}

/** A model that is stored, completely or in part. */
export interface StoredModel {
  readonly id: string;
  readonly revision: string;
  /** Short id of the licence of its weights. */
  readonly license: string;
  readonly storedBytes: number;
  /** Bytes of all files whose download has begun. Files that only another device needs may be missing from it. */
  readonly totalBytes: number;
  /** Whether every file whose download has begun is complete. */
  readonly isComplete: boolean;
  /** Whether a worker of any tab has it loaded. */
  readonly isInUse: boolean;
  /** When it was first stored, in milliseconds since the epoch. */
  readonly storedAt: number;
  /** When it was last loaded, in milliseconds since the epoch. */
  readonly usedAt: number;
}

/** How much is stored. */
export interface StorageUsage {
  /** Bytes of the models' files, complete or not. */
  readonly modelBytes: number;
  readonly resultBytes: number;
  /** Bytes of the features of images, which are stored so that an image need not be encoded again. */
  readonly featureBytes: number;
  /** The browser's estimate for all data of the origin. It is a hint, and often far from the truth. */
  readonly usageBytes: number | undefined;
  readonly quotaBytes: number | undefined;
  /** Whether the browser has promised not to evict the origin's data. */
  readonly isPersisted: boolean;
}

/** What a visit without a network would find. */
export interface OfflineReport {
  readonly isReady: boolean;
  /** `files`: files of the model are missing. `code`: scripts of the worker or files of onnxruntime are missing. */
  readonly missing: readonly ("files" | "code")[];
  /** The devices whose files and code were checked. */
  readonly devices: readonly Device[];
  readonly storedBytes: number;
  readonly totalBytes: number;
}

/**
 * The name of the Cache into which `prepareOffline` puts the worker's scripts and onnxruntime's files. For an offline
 * visit, your service worker has to answer from this Cache, or from one of its own that has the same files.
 */
export const CODE_CACHE = "fastvlm-kit-code";
