/** What an app says of caching and downloading, with every default filled in. */

import { expectNumber } from "../protocol/options.ts";
import type { DownloadOptions } from "../protocol/storage.ts";
import type { DownloadPolicy, StorageOptions } from "../wire/api.ts";

/** Caching of model files and results, in IndexedDB. */
export interface CacheOptions {
  /** `memory` keeps nothing beyond this session. Default `indexed-db`. */
  readonly storage?: "indexed-db" | "memory";
  /** Names the databases. Default `fastvlm-kit`. */
  readonly name?: string;
  /** Results are dropped, least recently used first, above this many bytes. Default 4 MiB. */
  readonly maxResultBytes?: number;
  /** Results that were not asked for during this long are dropped. Default: they are kept. */
  readonly maxResultAgeMs?: number;
  /**
   * What the encoder made of pictures is dropped, least recently used first, above this many bytes: a
   * few hundred KB a picture. Default 64 MiB.
   */
  readonly maxPictureBytes?: number;
  /**
   * Models that are not in use are removed, least recently used first, while all together take more.
   * Default 4 GiB.
   */
  readonly maxModelBytes?: number;
  /** Models that were not loaded during this long are removed. Default: they are kept. */
  readonly maxModelAgeMs?: number;
  /**
   * Whether to ask the browser, once, after the first download, not to evict what is stored.
   * Default `true`; Firefox shows this to the user.
   */
  readonly askToPersist?: boolean;
}

const MIB = 2 ** 20;
const FOREVER = Number.MAX_SAFE_INTEGER;

/** @throws {TypeError} when an option is out of its range */
export function toStorageOptions(cache: CacheOptions = {}): StorageOptions {
  const limits = {
    maxResultBytes: cache.maxResultBytes ?? 4 * MIB,
    maxResultAgeMs: cache.maxResultAgeMs ?? FOREVER,
    maxPictureBytes: cache.maxPictureBytes ?? 64 * MIB,
    maxModelBytes: cache.maxModelBytes ?? 4096 * MIB,
    maxModelAgeMs: cache.maxModelAgeMs ?? FOREVER,
  };
  for (const [name, value] of Object.entries(limits)) {
    expectNumber(`cache.${name}`, value, 0, Number.MAX_SAFE_INTEGER);
  }
  return {
    databaseName: cache.name ?? "fastvlm-kit",
    memoryOnly: cache.storage === "memory",
    ...limits,
  };
}

/** @throws {TypeError} when an option is out of its range */
export function toDownloadPolicy(options: DownloadOptions = {}): DownloadPolicy {
  const policy: DownloadPolicy = {
    parallel: options.parallel ?? 4,
    retries: options.retries ?? 6,
    retryDelayMs: options.retryDelayMs ?? 500,
    stallTimeoutMs: options.stallTimeoutMs ?? 30_000,
    takeOverAfterMs: options.takeOverAfterMs ?? 10_000,
  };
  expectNumber("download.parallel", policy.parallel, 1, 16, { isInteger: true });
  expectNumber("download.retries", policy.retries, 0, 100, { isInteger: true });
  expectNumber("download.retryDelayMs", policy.retryDelayMs, 0, 60_000);
  expectNumber("download.stallTimeoutMs", policy.stallTimeoutMs, 1, 600_000);
  // Holders say that they live once a second.
  expectNumber("download.takeOverAfterMs", policy.takeOverAfterMs, 2000, 600_000);
  return policy;
}
