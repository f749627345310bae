/** The stored models and results of one worker: opened once, listed, measured, limited, deleted. */

import type { StorageUsage, StoredModel } from "../protocol/storage.ts";
import { modelKey, type ModelKey } from "../storage/file-keys.ts";
import { createFileStore, type FileStore } from "../storage/file-store.ts";
import { readCommit } from "../storage/known-commits.ts";
import { createModelIndex, type ModelIndex } from "../storage/model-index.ts";
import { openStores, type OpenStores, type Stores } from "../storage/open-stores.ts";
import { createImageCache, type ImageCache } from "../storage/image-cache.ts";
import { createResultCache, type ResultCache } from "../storage/result-cache.ts";
import type { StorageOptions } from "../wire/worker-api.ts";
import { holdModelInUse, listModelsInUse } from "./in-use.ts";

export interface StoredModels {
  readonly options: StorageOptions;
  readonly stores: Stores;
  readonly files: FileStore;
  readonly results: ResultCache;
  readonly images: ImageCache;
  list(): Promise<StoredModel[]>;
  delete(id: string, revision: string | undefined): Promise<void>;
  deleteAll(): Promise<void>;
  usage(): Promise<StorageUsage>;
  /** Records that a model is used now. This worker will not evict it. */
  touch(model: KnownModel): Promise<void>;
  /** Keeps every worker from evicting the model while this worker lives. */
  hold(model: Pick<KnownModel, "id" | "revision">): void;
  /** Removes models that exceed the limits of size and age. */
  enforceLimits(): Promise<void>;
  /** Returns true once: after the first download into storage that the browser may evict. */
  shouldAskToPersist(): Promise<boolean>;
}

interface KnownModel {
  readonly id: string;
  readonly revision: string;
  readonly license: string;
}

export interface ModelLibraryReport {
  /** Default: the browser's stores. */
  readonly openStores?: OpenStores | undefined;
  readonly onDegraded: (reason: string) => void;
  readonly onRestored: (records: number) => void;
  readonly onEvicted: () => void;
}

export async function openStoredModels(
  options: StorageOptions,
  report: ModelLibraryReport,
): Promise<StoredModels> {
  const used = new Set<ModelKey>();
  const evictOne = (): Promise<boolean> =>
    index.evict((_, { freedBytes }) => freedBytes === 0, used).then((bytes) => bytes > 0);
  const stores = await (report.openStores ?? openStores)({
    ...options,
    onDegraded: report.onDegraded,
    onRestored: report.onRestored,
    makeRoom: evictOne,
  });
  const index: ModelIndex = createModelIndex(stores.models, {
    now: Date.now,
    listInUse: async () => new Set([...used, ...(await listModelsInUse(options.databaseName))]),
    onEvicted: report.onEvicted,
  });
  const results = createResultCache(stores.results, {
    maxBytes: options.maxResultBytes,
    maxAgeMs: options.maxResultAgeMs,
    now: Date.now,
  });
  const images = createImageCache(stores.images, {
    maxBytes: options.maxFeatureBytes,
    now: Date.now,
  });
  const touch = async (model: KnownModel): Promise<void> => {
    used.add(modelKey(model));
    await index.touch(model);
  };
  return {
    options,
    stores,
    files: createFileStore(stores.models),
    results,
    images,
    list: () => index.list(),
    async delete(id, revision) {
      const models = await index.list();
      // The app may use the name of a branch; the model is stored under its commit.
      const commit =
        revision === undefined ? undefined : await readCommit(stores.models, { id, revision });
      const wanted = commit ?? revision;
      for (const model of models) {
        if (model.id !== id || (wanted !== undefined && model.revision !== wanted)) continue;
        await index.remove(modelKey(model));
      }
      if (commit !== undefined && revision !== undefined) {
        await index.remove(modelKey({ id, revision })); // The index knows the model, but no byte of it is stored.
      }
    },
    deleteAll: () => stores.models.clear(),
    async usage() {
      const models = await index.list();
      const { usage, quota } = await estimate();
      return {
        modelBytes: models.reduce((sum, { storedBytes }) => sum + storedBytes, 0),
        resultBytes: await results.usedBytes(),
        featureBytes: await images.usedBytes(),
        usageBytes: usage,
        quotaBytes: quota,
        isPersisted: await isPersisted(),
      };
    },
    touch,
    hold(model) {
      used.add(modelKey(model));
      holdModelInUse(options.databaseName, modelKey(model));
    },
    async enforceLimits() {
      const oldestUse = Date.now() - options.maxModelAgeMs;
      await index.evict(
        (oldest, { leftBytes }) => oldest.usedAt < oldestUse || leftBytes > options.maxModelBytes,
        used,
      );
      await stores.sweep();
    },
    async shouldAskToPersist() {
      if (!stores.models.isPersistent) return false;
      let isFirst = false;
      await stores.models.update("asked-to-persist", (value) => {
        isFirst = value !== true;
        return true;
      });
      return isFirst;
    },
  };
}

/** The browser's estimate. It is empty where a browser has none, or refuses it in a private window. */
async function estimate(): Promise<StorageEstimate> {
  try {
    return await navigator.storage.estimate();
  } catch {
    return {};
  }
}

async function isPersisted(): Promise<boolean> {
  try {
    return await navigator.storage.persisted();
  } catch {
    return false;
  }
}
