/** A stored file, verified while it is read: the next shards are fetched while one is hashed. */

import type { FileKey } from "./file-keys.ts";
import { countShards, type FileRecord, type FileStore, type StoredShard } from "./file-store.ts";

/** How many shards are read ahead. Reading and hashing both happen off this thread. */
const READ_AHEAD = 3;

/**
 * @returns the whole file; undefined when a shard is missing or damaged. Every damaged shard is then
 *   removed, so that a download brings just those.
 */
export async function readWholeFile(
  files: FileStore,
  file: FileKey,
  record: FileRecord,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const whole = new Uint8Array(record.bytes);
  let isIntact = isFullyListed(record);
  for await (const { index, shard } of readShards(files, file, record)) {
    if (shard) whole.set(shard.bytes, index * record.shardBytes);
    else isIntact = false;
  }
  return isIntact ? whole : undefined;
}

/**
 * The same as a Blob: every byte is verified, and none stays in memory.
 *
 * @returns undefined as {@link readWholeFile}
 */
export async function readAsBlob(
  files: FileStore,
  file: FileKey,
  record: FileRecord,
): Promise<Blob | undefined> {
  const blobs: Blob[] = [];
  let isIntact = isFullyListed(record);
  for await (const { shard } of readShards(files, file, record)) {
    if (shard) blobs.push(shard.blob);
    else isIntact = false;
  }
  return isIntact ? new Blob(blobs) : undefined;
}

/** The shards of a file in order; undefined for one that is missing or damaged. */
export async function* readShards(
  files: FileStore,
  file: FileKey,
  record: FileRecord,
): AsyncGenerator<{ index: number; shard: StoredShard | undefined }> {
  const count = Math.min(countShards(record), record.shards.length);
  const reading: Promise<StoredShard | undefined>[] = [];
  for (let index = 0; index < count; index++) {
    while (reading.length < Math.min(count, index + READ_AHEAD)) {
      const next = reading.length;
      reading.push(files.readShard(file, next, record.shards[next]!));
    }
    yield { index, shard: await reading[index]! };
    reading[index] = GONE; // Read shards are the caller's alone.
  }
}

const GONE = Promise.resolve(undefined);

function isFullyListed(record: FileRecord): boolean {
  return record.shards.length === countShards(record);
}
