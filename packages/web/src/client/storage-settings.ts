/** What an app says of caching and downloading, with every default filled in. */

import type { CacheOptions } from "../api/cache-options.ts";
import { expectNumber } from "../protocol/options.ts";
import type { DownloadOptions } from "../protocol/storage.ts";
import type { DownloadPolicy, StorageOptions } from "../wire/worker-api.ts";

const MIB = 2 ** 20;
const FOREVER = Number.MAX_SAFE_INTEGER;

/** @throws {TypeError} when an option is out of its range */
export function toStorageOptions(cache: CacheOptions = {}): StorageOptions {
  const limits = {
    maxResultBytes: cache.maxResultBytes ?? 4 * MIB,
    maxResultAgeMs: cache.maxResultAgeMs ?? FOREVER,
    maxFeatureBytes: cache.maxFeatureBytes ?? 64 * MIB,
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
