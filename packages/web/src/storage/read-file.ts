/** A stored file, verified while it is read: the next shard is fetched while one is hashed. */

import type { FileKey } from "./file-keys.ts";
import { countShards, type FileRecord, type FileStore } from "./file-store.ts";

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
  let isIntact = record.shards.length === countShards(record);
  for await (const shard of readShards(files, file, record)) {
    if (shard.bytes) whole.set(shard.bytes, shard.index * record.shardBytes);
    else isIntact = false;
  }
  return isIntact ? whole : undefined;
}

/** The shards of a file in order; `bytes` is undefined for one that is missing or damaged. */
export async function* readShards(
  files: FileStore,
  file: FileKey,
  record: FileRecord,
): AsyncGenerator<{ index: number; bytes: Uint8Array<ArrayBuffer> | undefined }> {
  const count = Math.min(countShards(record), record.shards.length);
  const reading: Promise<Uint8Array<ArrayBuffer> | undefined>[] = [];
  for (let index = 0; index < count; index++) {
    while (reading.length < Math.min(count, index + READ_AHEAD)) {
      const next = reading.length;
      reading.push(files.readShard(file, next, record.shards[next]!));
    }
    yield { index, bytes: await reading[index]! };
    reading[index] = GONE; // Read shards are the caller's alone.
  }
}

const GONE = Promise.resolve(undefined);
