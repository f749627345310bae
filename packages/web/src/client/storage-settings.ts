/** Fills in every default of the options for caching and downloading, which were checked before. */

import type { CacheOptions } from "../api/cache-options.ts";
import type { DownloadOptions } from "../protocol/storage.ts";
import type { DownloadPolicy, StorageOptions } from "../wire/worker-api.ts";

const MIB = 2 ** 20;
const FOREVER = Number.MAX_SAFE_INTEGER;

export function toStorageOptions(cache: CacheOptions = {}): StorageOptions {
  return {
    databaseName: cache.name ?? "fastvlm-kit",
    isMemoryOnly: cache.storage === "memory",
    maxResultBytes: cache.maxResultBytes ?? 4 * MIB,
    maxResultAgeMs: cache.maxResultAgeMs ?? FOREVER,
    maxFeatureBytes: cache.maxFeatureBytes ?? 64 * MIB,
    maxModelBytes: cache.maxModelBytes ?? 4096 * MIB,
    maxModelAgeMs: cache.maxModelAgeMs ?? FOREVER,
  };
}

export function toDownloadPolicy(options: DownloadOptions = {}): DownloadPolicy {
  return {
    parallel: options.parallel ?? 4,
    retries: options.retries ?? 6,
    retryDelayMs: options.retryDelayMs ?? 500,
    stallTimeoutMs: options.stallTimeoutMs ?? 30_000,
    takeOverAfterMs: options.takeOverAfterMs ?? 10_000,
  };
}
