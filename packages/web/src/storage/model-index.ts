/** Tells which models are stored, how many bytes they take, and which to remove first. */

import type { StoredModel } from "../protocol/storage.ts";
import { readStored } from "../schema/read.ts";
import { fileShape, modelRecord } from "../schema/stored.ts";
import {
  belongsTo,
  MODEL_PREFIX,
  modelKey,
  modelRecordKey,
  parseShardKey,
  type FileKey,
  type ModelKey,
} from "./file-keys.ts";
import { listBranchesOf } from "./known-commits.ts";
import { countShards, shardLength, type FileShape } from "./file-record.ts";
import type { Store } from "./store.ts";

/** The stored record of a model. */
interface ModelRecord {
  readonly id: string;
  readonly revision: string;
  readonly license: string;
  /** Milliseconds since the epoch. */
  readonly storedAt: number;
  readonly usedAt: number;
}

export interface ModelIndex {
  /** Records that a model is used now. The first call adds the model to the index. */
  touch(model: { id: string; revision: string; license: string }): Promise<void>;
  /** Most recently used first. */
  list(): Promise<StoredModel[]>;
  /** Removes everything about a revision of a model, with the hashes of its first download. */
  remove(model: ModelKey): Promise<void>;
  /**
   * Removes models, the least recently used first, as long as `shouldRemove` returns true for the next one. Models in
   * `keep`, and models that any worker has loaded, stay.
   *
   * @returns how many bytes were freed
   */
  evict(
    shouldRemove: (oldest: StoredModel, sizes: EvictionSizes) => boolean,
    keep: ReadonlySet<string>,
  ): Promise<number>;
}

/** How much an eviction has freed so far. */
export interface EvictionSizes {
  readonly freedBytes: number;
  /** Bytes of all models that are left. */
  readonly leftBytes: number;
}

export interface ModelIndexOptions {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Models that a worker of any tab has loaded. */
  readonly listInUse: () => Promise<ReadonlySet<string>>;
  readonly onEvicted: (model: StoredModel) => void;
}

export function createModelIndex(store: Store, options: ModelIndexOptions): ModelIndex {
  const index: ModelIndex = {
    touch: ({ id, revision, license }) =>
      store.update(modelRecordKey(modelKey({ id, revision })), (known) => {
        const now = options.now();
        const storedAt = readStored(modelRecord, known)?.storedAt ?? now;
        return { id, revision, license, storedAt, usedAt: now } satisfies ModelRecord;
      }),
    async list() {
      const keys = await store.keys();
      const inUse = await options.listInUse();
      const models: StoredModel[] = [];
      for (const key of keys.filter((one) => one.startsWith(MODEL_PREFIX))) {
        const record = readStored(modelRecord, await store.get(key));
        if (!record) continue; // Deleted in the meantime, perhaps by another tab, or no record of this kit.
        const model = modelKey(record);
        const sizes = await measure(store, model, keys);
        models.push({ ...record, ...sizes, isInUse: inUse.has(model) });
      }
      return models.sort((a, b) => b.usedAt - a.usedAt);
    },
    async remove(model) {
      const all = await store.keys();
      const branches = await listBranchesOf(store, model, all);
      const keys = [...branches, ...all.filter((key) => belongsTo(model, key))];
      // Records are deleted first, so that the rest of an interrupted removal does not count as a model.
      const isShard = (key: string): boolean => key.startsWith("shard|");
      await store.delete(keys.filter((key) => !isShard(key)));
      await store.delete(keys.filter(isShard));
    },
    async evict(shouldRemove, keep) {
      const models = (await index.list()).filter(({ storedBytes }) => storedBytes > 0);
      let leftBytes = models.reduce((sum, { storedBytes }) => sum + storedBytes, 0);
      let freedBytes = 0;
      for (const oldest of models.reverse()) {
        if (oldest.isInUse || keep.has(modelKey(oldest))) continue;
        if (!shouldRemove(oldest, { freedBytes, leftBytes })) break;
        await index.remove(modelKey(oldest));
        freedBytes += oldest.storedBytes;
        leftBytes -= oldest.storedBytes;
        options.onEvicted(oldest);
      }
      return freedBytes;
    },
  };
  return index;
}

type Sizes = Pick<StoredModel, "storedBytes" | "totalBytes" | "isComplete">;

/** Measures a model by its keys, records and plans, without reading shards. */
async function measure(store: Store, model: ModelKey, keys: readonly string[]): Promise<Sizes> {
  let [storedBytes, totalBytes] = [0, 0];
  for (const key of keys) {
    const [kind, owner, path] = key.split("|");
    if (owner !== model || path === undefined || (kind !== "file" && kind !== "plan")) continue;
    if (kind === "plan" && keys.includes(`file|${owner}|${path}`)) continue;
    const shape = readStored(fileShape, await store.get(key));
    if (!shape) continue;
    totalBytes += shape.bytes;
    const file: FileKey = { model, path: decodeURIComponent(path) };
    storedBytes += kind === "file" ? shape.bytes : bytesArrived(file, shape, keys);
  }
  return { storedBytes, totalBytes, isComplete: totalBytes > 0 && storedBytes === totalBytes };
}

function bytesArrived(file: FileKey, plan: FileShape, keys: readonly string[]): number {
  let bytes = 0;
  for (const key of keys) {
    const shard = parseShardKey(file, key);
    if (shard && shard.index < countShards(plan)) bytes += shardLength(plan, shard.index);
  }
  return bytes;
}
