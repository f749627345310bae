/**
 * A file that this device made from a downloaded one. It is stored beside the downloaded file and verified in the same
 * way. If the downloaded file changes, the derived file no longer counts.
 */

import type { VerifiedFile } from "../shared/verified-file.ts";
import type { FileKey } from "../storage/file-keys.ts";
import { shardLength, type FileRecord } from "../storage/file-record.ts";
import { SHARD_BYTES, type FileStore } from "../storage/file-store.ts";
import { openWholeFile } from "../storage/read-file.ts";
import { sha256 } from "../storage/sha256.ts";
import type { StoredFile } from "../storage/verify-ahead.ts";

export interface DerivedFile {
  /** The stored file; undefined if there is none, or if it was refused. */
  find(): Promise<StoredFile | undefined>;
  /** Opens the file. `refused`: it was made before and was not good enough. Undefined: there is none, or it is damaged. */
  open(): Promise<VerifiedFile | "refused" | undefined>;
  /** Stores the file from front to back. */
  write(bytes: number, pieces: Iterable<Uint8Array>): Promise<void>;
  /** Removes the file, and records that it need not be made again. */
  refuse(): Promise<void>;
}

/**
 * @param kind names how the file is made, with a version number; another kind is another file
 * @param source the record of the file from which it is made
 */
export async function derivedFile(
  files: FileStore,
  { model, path }: FileKey,
  kind: string,
  source: FileRecord,
): Promise<DerivedFile> {
  const key: FileKey = { model, path: `${path}#derived` };
  const sourceHash = source.sha256 ?? (await hashText(source.shards.join()));
  /** Says from what the file was made and how. */
  const origin = `${kind} of ${sourceHash}`;

  const commit = async (bytes: number, shards: readonly string[]): Promise<void> => {
    const record = { bytes, shardBytes: SHARD_BYTES, shards, sha256: undefined, origin };
    await files.commit(key, record);
  };

  const readRecord = (): Promise<FileRecord | undefined> => files.readRecord(key, { origin });

  return {
    async find() {
      const record = await readRecord();
      return record && record.bytes > 0 ? { file: key, record } : undefined;
    },
    async open() {
      const record = await readRecord();
      if (record?.bytes === 0) return "refused";
      return record && openWholeFile(files, key, record);
    },
    async write(bytes, pieces) {
      const plan = { bytes, shardBytes: SHARD_BYTES, etag: undefined, sha256: undefined };
      await files.remove(key);
      await files.begin(key, plan);
      const shards: string[] = [];
      for (const shard of inShards(pieces, plan)) {
        const hash = await sha256(shard);
        await files.putShard(key, { index: shards.length, sha256: hash }, shard, plan);
        shards.push(hash);
      }
      await commit(bytes, shards);
    },
    async refuse() {
      await files.remove(key);
      await commit(0, []);
    },
  };
}

/** The same bytes in pieces of a shard each. */
function* inShards(
  pieces: Iterable<Uint8Array>,
  shape: { bytes: number; shardBytes: number },
): Generator<Uint8Array<ArrayBuffer>, void, undefined> {
  let index = 0;
  let shard = new Uint8Array(shardLength(shape, 0));
  let filled = 0;
  for (let piece of pieces) {
    while (piece.byteLength > 0) {
      const taken = piece.subarray(0, shard.byteLength - filled);
      shard.set(taken, filled);
      filled += taken.byteLength;
      piece = piece.subarray(taken.byteLength);
      if (filled < shard.byteLength) break;
      yield shard;
      index += 1;
      filled = 0;
      shard = new Uint8Array(Math.max(0, shardLength(shape, index)));
      if (shard.byteLength === 0) break;
    }
  }
}

function hashText(text: string): Promise<string> {
  return sha256(new TextEncoder().encode(text));
}
