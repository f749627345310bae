/** What is kept of models and results, as an app sees it. */

import type { Device } from "./model-descriptor.ts";

/** How downloads behave. */
export interface DownloadOptions {
  /** Requests at a time. Default 4. */
  readonly parallel?: number;
  /**
   * Failures in a row after which a download is given up; every stored part counts anew. Default 6,
   * with the waits between them about a minute.
   */
  readonly retries?: number;
  /** Wait before the first repeat, in milliseconds; doubles each time, up to 30 s. Default 500. */
  readonly retryDelayMs?: number;
  /** A request that brings nothing for so long is repeated. Default 30,000 ms. */
  readonly stallTimeoutMs?: number;
  /** A tab that downloads and shows no life for so long is taken over by another. Default 10,000 ms. */
  readonly takeOverAfterMs?: number;
}

/** A model of which something is stored. */
export interface StoredModel {
  readonly id: string;
  readonly revision: string;
  /** Short id of the licence of its weights. */
  readonly license: string;
  readonly storedBytes: number;
  /** Of the files that were begun; those of another device may not be among them. */
  readonly totalBytes: number;
  /** Whether all files that were begun are whole. */
  readonly isComplete: boolean;
  /** Whether a worker of any tab has it loaded. */
  readonly isInUse: boolean;
  /** Milliseconds since the epoch. */
  readonly storedAt: number;
  readonly usedAt: number;
}

/** Where the room went. */
export interface StorageUsage {
  /** Files of models, whole or not. */
  readonly modelBytes: number;
  readonly resultBytes: number;
  /** What is kept of images, so that they need not be encoded again. */
  readonly featureBytes: number;
  /** The browser's estimate for all of the origin's data: a hint, often far off. */
  readonly usageBytes: number | undefined;
  readonly quotaBytes: number | undefined;
  /** Whether the browser promised not to evict this origin's data on its own. */
  readonly isPersisted: boolean;
}

/** What an offline visit would find. */
export interface OfflineReport {
  readonly isReady: boolean;
  /** `files`: the model's. `code`: the worker's scripts and onnxruntime's. */
  readonly missing: readonly ("files" | "code")[];
  /** The devices whose files and code were looked at. */
  readonly devices: readonly Device[];
  readonly storedBytes: number;
  readonly totalBytes: number;
}

/**
 * The Cache that `prepareOffline` puts the worker's scripts and onnxruntime's files into. A service
 * worker that answers from it, or from a cache of its own that has them, makes them available offline.
 */
export const CODE_CACHE = "fastvlm-kit-code";
