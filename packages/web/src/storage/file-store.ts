/**
 * A model's files as shards: each hashed before it is stored and again whenever it is read, each
 * stored by a transaction of its own. A file counts when its record is there, which is written last.
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
import type { ResilientStore } from "./resilient-store.ts";
import { sha256 } from "./sha256.ts";
import type { RawFile, Store } from "./store.ts";

/** 4 MiB: small enough for browsers that fail on large values, large enough to hash and store fast. */
export const SHARD_BYTES = 4 * 2 ** 20;

/** What a manifest says of a file's bytes. */
export type FileHashes = Pick<ModelFile, "sha256" | "shards">;

/** A shard in both of its forms; whoever needs only one lets the other go. */
export interface StoredShard {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The same bytes where the browser keeps them: a file of its own, as a rule. */
  readonly blob: Blob;
}

/** What a file was when it was first trusted. */
export type FileTrust = Pick<FileRecord, "bytes" | "shardBytes" | "shards">;

export interface FileStore {
  /** The record of a whole file; undefined when it is not whole, or is another file than the manifest's. */
  readRecord(file: FileKey, manifest: FileHashes): Promise<FileRecord | undefined>;
  readPlan(file: FileKey): Promise<FilePlan | undefined>;
  savePlan(file: FileKey, plan: FilePlan): Promise<void>;
  /**
   * Begins a file, or goes on with it: shards of the same plan stay, others are removed.
   *
   * @returns the plan, with the ETag that is known, and the hashes of the stored shards by index
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
  /** All of a file in one piece, where the store has it so; nothing is verified. */
  openFile(file: FileKey): Promise<RawFile | undefined>;
  /** A shard, verified; undefined when it is missing or damaged, and then it is removed. */
  readShard(file: FileKey, index: number, sha256: string): Promise<StoredShard | undefined>;
  /** Declares a file whole, and removes shards that are not of it. */
  commit(file: FileKey, record: FileRecord): Promise<void>;
  /** The opposite of `commit`: what is intact of its shards stays and counts as arrived. */
  reopen(file: FileKey, record: FileRecord): Promise<void>;
  /** Removes a file's bytes, whole or not; what it is trusted to be stays. */
  remove(file: FileKey): Promise<void>;
  readTrust(file: FileKey): Promise<FileTrust | undefined>;
  trust(file: FileKey, trust: FileTrust): Promise<void>;
}

export function createFileStore(store: Store & Partial<ResilientStore>): FileStore {
  const files: FileStore = {
    async readRecord(file, manifest) {
      const record = (await store.get(fileRecordKey(file))) as FileRecord | undefined;
      return record && isOf(record, manifest) ? record : undefined;
    },
    readPlan: (file) => store.get(planKey(file)) as Promise<FilePlan | undefined>,
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
      // A later visit will not find a record that is only in memory: it goes on with the plan.
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
      // The record first: a file that lost some of its shards must not count.
      await store.delete([fileRecordKey(file), planKey(file)]);
      const prefix = shardPrefix(file);
      await store.delete((await store.keys()).filter((key) => key.startsWith(prefix)));
    },
    readTrust: (file) => store.get(trustKey(file)) as Promise<FileTrust | undefined>,
    trust: (file, { bytes, shardBytes, shards }) =>
      store.set(trustKey(file), { bytes, shardBytes, shards } satisfies FileTrust),
  };
  return files;
}

async function listShards(store: Store, file: FileKey): Promise<ShardName[]> {
  return (await store.keys()).flatMap((key) => parseShardKey(file, key) ?? []);
}

/** A hash of the whole says more than those of its parts, which may be cut otherwise. */
function isOf(record: FileRecord, { sha256, shards }: FileHashes): boolean {
  if (sha256 !== undefined) return record.sha256 === sha256;
  return shards === undefined || record.shards.join() === shards.sha256.join();
}

/** An ETag that is not known says nothing against another. */
function isSamePlan(a: FilePlan, b: FilePlan): boolean {
  const isSameEtag = a.etag === undefined || b.etag === undefined || a.etag === b.etag;
  return (
    a.bytes === b.bytes && a.shardBytes === b.shardBytes && a.sha256 === b.sha256 && isSameEtag
  );
}

/** Undefined where the browser has lost the file behind a Blob. */
async function readBlob(blob: Blob): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch {
    return undefined;
  }
}
