/**
 * Stores a model's files as shards. Each shard is hashed before it is stored and again whenever it is read, and is stored
 * in a transaction of its own. The record of a file is written last; a file without a record does not count.
 */

import {
  fileRecordKey,
  parseShardKey,
  planKey,
  shardKey,
  shardPrefix,
  trustKey,
  type FileKey,
  type ShardName,
} from "./file-keys.ts";
import type { FilePlan, FileRecord, FileShape } from "./file-record.ts";
import type { ModelFile } from "../protocol/model-descriptor.ts";
import { readStored } from "../schema/read.ts";
import { filePlan, fileRecord, fileTrust } from "../schema/stored.ts";
import { readBlob } from "./read-blob.ts";
import type { ResilientStore } from "./resilient-store.ts";
import { sha256 } from "./sha256.ts";
import type { RawFile, Store } from "./store.ts";

/** 4 MiB: small enough for browsers that fail on large values, large enough to hash and store fast. */
export const SHARD_BYTES = 4 * 2 ** 20;

/** The hashes that a manifest has for a file. */
type FileHashes = Pick<ModelFile, "sha256" | "shards">;

/** Names the file that is wanted: by its bytes, or by what it was made of. */
type FileIdentity = FileHashes & Pick<FileRecord, "origin">;

/** A shard in both of its forms. */
export interface StoredShard {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The same bytes as the browser stores them, usually in a file. */
  readonly blob: Blob;
}

/** Sizes and hashes of a file's first download. */
export type FileTrust = Pick<FileRecord, "bytes" | "shardBytes" | "shards">;

export interface FileStore {
  /** The record of a complete file; undefined if the file is not complete, or is not the wanted one. */
  readRecord(file: FileKey, wanted: FileIdentity): Promise<FileRecord | undefined>;
  readPlan(file: FileKey): Promise<FilePlan | undefined>;
  savePlan(file: FileKey, plan: FilePlan): Promise<void>;
  /**
   * Starts or continues a file. Shards of the same plan stay, others are removed.
   *
   * @returns the plan, with the ETag if it is known, and the hashes of the stored shards by index
   */
  begin(
    file: FileKey,
    plan: FilePlan,
  ): Promise<{ plan: FilePlan; shards: ReadonlyMap<number, string> }>;
  putShard(
    file: FileKey,
    shard: ShardName,
    bytes: Uint8Array<ArrayBuffer>,
    shape: FileShape,
  ): Promise<void>;
  /** The whole file in one piece, if the store has it like that. Nothing is verified. */
  openFile(file: FileKey): Promise<RawFile | undefined>;
  /** A verified shard; undefined if it is missing or damaged. A damaged shard is removed. */
  readShard(file: FileKey, index: number, sha256: string): Promise<StoredShard | undefined>;
  /** Writes the record of a complete file, and removes shards that do not belong to it. */
  commit(file: FileKey, record: FileRecord): Promise<void>;
  /** The opposite of `commit`: the file is incomplete again, and its intact shards count as arrived. */
  reopen(file: FileKey, record: FileRecord): Promise<void>;
  /** Removes a file's bytes, complete or not. The hashes of its first download stay. */
  remove(file: FileKey): Promise<void>;
  readTrust(file: FileKey): Promise<FileTrust | undefined>;
  trust(file: FileKey, trust: FileTrust): Promise<void>;
}

export function createFileStore(store: Store & Partial<ResilientStore>): FileStore {
  const files: FileStore = {
    async readRecord(file, wanted) {
      const found = readStored(fileRecord, await store.get(fileRecordKey(file)));
      const record = found && { sha256: undefined, ...found };
      return record && isOf(record, wanted) ? record : undefined;
    },
    async readPlan(file) {
      const found = readStored(filePlan, await store.get(planKey(file)));
      return found && { etag: undefined, sha256: undefined, ...found };
    },
    savePlan: (file, plan) => store.set(planKey(file), plan),
    async begin(file, plan) {
      const known = await files.readPlan(file);
      if (!known || !isSamePlan(known, plan)) {
        await files.remove(file);
        await files.savePlan(file, plan);
        return { plan, shards: new Map() };
      }
      const names = await listShards(store, file);
      const shards = new Map(names.map(({ index, sha256 }) => [index, sha256]));
      return { plan: { ...plan, etag: plan.etag ?? known.etag }, shards };
    },
    putShard: (file, shard, bytes, { shardBytes }) =>
      store.setPart(shardKey(file, shard), bytes, shard.index * shardBytes),
    openFile: async (file) => store.openFile?.(file),
    async readShard(file, index, wanted) {
      const key = shardKey(file, { index, sha256: wanted });
      const blob = await store.get(key);
      if (blob instanceof Blob) {
        const bytes = await readBlob(blob);
        if (bytes && (await sha256(bytes)) === wanted) return { bytes, blob };
      }
      if (blob !== undefined) await store.delete([key]);
      return undefined;
    },
    async commit(file, record) {
      await store.set(fileRecordKey(file), record);
      const stray = (await listShards(store, file)).filter(
        ({ index, sha256 }) => record.shards[index] !== sha256,
      );
      // A record that is only in memory is lost at the end of the visit. The next one then continues with the plan.
      const done = store.isPersistent === false ? [] : [planKey(file)];
      await store.delete([...done, ...stray.map((shard) => shardKey(file, shard))]);
    },
    async reopen(file, { bytes, shardBytes, sha256 }) {
      await store.set(planKey(file), {
        bytes,
        shardBytes,
        sha256,
        etag: undefined,
      } satisfies FilePlan);
      await store.delete([fileRecordKey(file)]);
    },
    async remove(file) {
      // The record is deleted first, because a file that has lost shards must not count.
      await store.delete([fileRecordKey(file), planKey(file)]);
      const prefix = shardPrefix(file);
      await store.delete((await store.keys()).filter((key) => key.startsWith(prefix)));
    },
    readTrust: async (file) => readStored(fileTrust, await store.get(trustKey(file))),
    trust: (file, { bytes, shardBytes, shards }) =>
      store.set(trustKey(file), { bytes, shardBytes, shards } satisfies FileTrust),
  };
  return files;
}

async function listShards(store: Store, file: FileKey): Promise<ShardName[]> {
  return (await store.keys()).flatMap((key) => parseShardKey(file, key) ?? []);
}

/** Whether the record matches. The hash of the whole counts more than those of parts, which may be cut differently. */
function isOf(record: FileRecord, { sha256, shards, origin }: FileIdentity): boolean {
  if (record.origin !== origin) return false;
  if (sha256 !== undefined) return record.sha256 === sha256;
  return shards === undefined || record.shards.join() === shards.sha256.join();
}

/** Whether two plans are for the same file. If one ETag is not known, the ETags are not compared. */
function isSamePlan(a: FilePlan, b: FilePlan): boolean {
  const isSameEtag = a.etag === undefined || b.etag === undefined || a.etag === b.etag;
  return (
    a.bytes === b.bytes && a.shardBytes === b.shardBytes && a.sha256 === b.sha256 && isSameEtag
  );
}
