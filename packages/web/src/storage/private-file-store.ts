/**
 * A store that keeps the shards of each file in one private file. The store below it keeps only records of which shards
 * are there, and the shards that private files refuse.
 */

import { fileIdOfShard, fileIdOf, modelKey } from "./file-keys.ts";
import { isQuotaError } from "./make-room.ts";
import type { PrivateFiles } from "./private-files.ts";
import { sha256 } from "./sha256.ts";
import type { Store } from "./store.ts";

/** The record in the store below: where a part is. */
interface Place {
  readonly at: number;
  readonly bytes: number;
}

/** A file without a recorded part may be new. It is removed only after this time, in milliseconds. */
const LEFT_OVER_AFTER_MS = 60_000;

export interface PrivateFileStore extends Store {
  /** Removes files that could not be removed with their last part, because a worker had them open. */
  sweep(): Promise<void>;
}

/** @param now milliseconds since the epoch */
export function createPrivateFileStore(
  store: Store,
  files: PrivateFiles,
  now: () => number,
): PrivateFileStore {
  const isKnown = async (fileId: string): Promise<boolean> =>
    (await store.keys()).some((key) => fileIdOfShard(key) === fileId);

  /** Those of the files that have no recorded part. */
  const listUnknown = async <T extends { name: string }>(all: readonly T[]): Promise<T[]> => {
    const known = new Set((await store.keys()).flatMap((key) => fileIdOfShard(key) ?? []));
    const names = new Set(await Promise.all([...known].map(privateFileName)));
    return all.filter(({ name }) => !names.has(name));
  };

  return {
    ...store,
    async get(key) {
      const value = await store.get(key);
      const fileId = fileIdOfShard(key);
      if (fileId === undefined || !isPlace(value)) return value;
      const file = await files.blob(await privateFileName(fileId));
      // Returns null, because the key exists. A caller that gets no bytes for it removes the key.
      return file ? file.slice(value.at, value.at + value.bytes) : null;
    },
    async setPart(key, bytes, at) {
      const fileId = fileIdOfShard(key);
      if (fileId === undefined) return store.setPart(key, bytes, at);
      try {
        await files.write(await privateFileName(fileId), bytes, at);
      } catch (error) {
        if (isQuotaError(error)) throw error;
        return store.setPart(key, bytes, at);
      }
      await store.set(key, { at, bytes: bytes.byteLength } satisfies Place);
    },
    async delete(keys) {
      await store.delete(keys);
      const touched = new Set(keys.flatMap((key) => fileIdOfShard(key) ?? []));
      for (const fileId of touched) {
        if (!(await isKnown(fileId))) await files.remove(await privateFileName(fileId));
      }
    },
    async clear() {
      await store.clear();
      for (const { name } of await files.list()) await files.remove(name);
    },
    openFile: async (file) => files.open(await privateFileName(fileIdOf(file))),
    async sweep() {
      const old = (await files.list()).filter(
        ({ writtenAt }) => now() - writtenAt > LEFT_OVER_AFTER_MS,
      );
      if ((await listUnknown(old)).length === 0) return;
      await store.restore?.(); // The database may have lost the keys of a file that is still good.
      for (const { name } of await listUnknown(old)) await files.remove(name);
    },
  };
}

/** The name of the private file that has the parts of one file of a model. */
export function privateFileNameOf(
  model: { readonly id: string; readonly revision: string },
  path: string,
): Promise<string> {
  return privateFileName(fileIdOf({ model: modelKey(model), path }));
}

/** A name of fixed length for any path, because file systems differ in the names that they allow. */
export function privateFileName(fileId: string): Promise<string> {
  return sha256(new TextEncoder().encode(fileId));
}

function isPlace(value: unknown): value is Place {
  return typeof value === "object" && value !== null && "at" in value && "bytes" in value;
}
