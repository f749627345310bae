/**
 * Writes records back that the database has lost. A shard gets its record only if the bytes in the private file have the
 * shard's hash.
 */

import { readStored } from "../schema/read.ts";
import { filePlan, fileRecord, modelRecord, shardPlace } from "../schema/stored.ts";
import { fileIdOfKey, shardHashOf } from "./file-keys.ts";
import type { FilePlan, FileRecord, FileShape } from "./file-record.ts";
import type { JournalRecords, Journals } from "./journals.ts";
import { privateFileName } from "./private-file-store.ts";
import type { PrivateFiles } from "./private-files.ts";
import { readBlob } from "./read-blob.ts";
import { sha256 } from "./sha256.ts";
import type { Store } from "./store.ts";

export interface RestoreOptions {
  readonly journals: Journals;
  /** The database, without the journals before it. */
  readonly store: Store;
  /** Where the weights are. */
  readonly files: PrivateFiles;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Called with the number of records that were written back, if there were any. */
  readonly onRestored: (records: number) => void;
}

/** Returns the `restore` of a {@link Store}. */
export function createRestore(options: RestoreOptions): NonNullable<Store["restore"]> {
  const { journals, store, onRestored } = options;
  return async (owner) => {
    let restored = 0;
    await journals.read(owner, async (records) => {
      const known = new Set(await store.keys());
      const before = known.size;
      await restoreRecords(records, known, options);
      restored += known.size - before;
    });
    if (restored > 0) onRestored(restored);
  };
}

/** @param known the keys that the database has; those of restored records are added */
async function restoreRecords(
  records: JournalRecords,
  known: Set<string>,
  { store, files, now }: RestoreOptions,
): Promise<void> {
  const put = async (key: string, value: unknown): Promise<void> => {
    if (known.has(key)) return;
    await store.set(key, value);
    known.add(key);
  };

  /** Whether the database has another value. A file of which it knows something else is left alone. */
  const isOther = async (key: string): Promise<boolean> =>
    known.has(key) && JSON.stringify(await store.get(key)) !== JSON.stringify(records.get(key));

  const restoreFile = async (fileId: string): Promise<void> => {
    const [recordKey, planKey] = [`file|${fileId}`, `plan|${fileId}`];
    const record = readStored(fileRecord, records.get(recordKey));
    const plan = readStored(filePlan, records.get(planKey));
    if ((await isOther(recordKey)) || (await isOther(planKey))) return;
    const whole = await files.blob(await privateFileName(fileId));
    for (const [key, value] of records) {
      if (fileIdOfKey(key) !== fileId || known.has(key)) continue;
      const sha256 = shardHashOf(key);
      if (sha256 !== undefined && (await hasHash(whole, value, sha256))) await put(key, value);
    }
    if (record && isComplete(fileId, record, known)) await put(recordKey, record);
    else if (record) await put(planKey, toPlan(record));
    else if (plan) await put(planKey, plan);
  };

  const fileIds = new Set([...records.keys()].flatMap((key) => fileIdOfKey(key) ?? []));
  for (const fileId of fileIds) await restoreFile(fileId);
  for (const [key, value] of records) {
    if (fileIdOfKey(key) !== undefined) continue;
    // When a model was last used is not in its journal. Without this it could be the oldest, and be removed.
    const model = readStored(modelRecord, value);
    await put(key, model ? { ...model, usedAt: now() } : value);
  }
}

/** Whether every shard of the file has its record. */
function isComplete(
  fileId: string,
  { shards }: Pick<FileRecord, "shards">,
  known: ReadonlySet<string>,
): boolean {
  return shards.every((sha256, index) => known.has(`shard|${fileId}|${String(index)}|${sha256}`));
}

/** The plan by which the missing shards of a file are fetched. */
function toPlan({ bytes, shardBytes, sha256 }: FileShape & { sha256?: string }): FilePlan {
  return { bytes, shardBytes, sha256, etag: undefined };
}

/** Whether the place in the file has bytes with this hash. */
async function hasHash(whole: Blob | undefined, value: unknown, wanted: string): Promise<boolean> {
  const place = readStored(shardPlace, value);
  if (!whole || !place || place.at + place.bytes > whole.size) return false;
  const bytes = await readBlob(whole.slice(place.at, place.at + place.bytes));
  return bytes !== undefined && (await sha256(bytes)) === wanted;
}
