/** Reads stored files, and verifies them while reading. */

import type { VerifiedFile } from "../shared/verified-file.ts";
import type { FileKey } from "./file-keys.ts";
import { countShards, shardLength, type FileRecord } from "./file-record.ts";
import type { FileStore, StoredShard } from "./file-store.ts";
import { sha256 } from "./sha256.ts";
import type { RawFile } from "./store.ts";

/** How many shards are read ahead. Reading and hashing both run outside this thread. */
const READ_AHEAD = 3;

/** A file whose reads return copies. */
interface CopiedFile extends VerifiedFile {
  read(start: number, end: number): Uint8Array<ArrayBuffer>;
}

/** Exists in workers only, not in pages or in Node. */
const { FileReaderSync: BlobReader } = globalThis as {
  FileReaderSync?: new () => { readAsArrayBuffer(blob: Blob): ArrayBuffer };
};

/**
 * @returns the whole file; undefined if a shard is missing or damaged. Damaged shards are removed, so that a download
 *   fetches only those.
 */
export async function readWholeFile(
  files: FileStore,
  file: FileKey,
  record: FileRecord,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const inOnePiece = await openInOnePiece(files, file, record);
  if (inOnePiece) {
    const whole = inOnePiece.read(0, record.bytes);
    inOnePiece.close();
    return whole;
  }
  const whole = new Uint8Array(record.bytes);
  let isIntact = isFullyListed(record);
  for await (const { index, shard } of readShards(files, file, record)) {
    if (shard) whole.set(shard.bytes, index * record.shardBytes);
    else isIntact = false;
  }
  return isIntact ? whole : undefined;
}

/**
 * Opens a file. Its bytes stay in storage, if they can be read there synchronously; otherwise they are read into memory.
 *
 * @returns undefined in the same cases as {@link readWholeFile}
 */
export async function openWholeFile(
  files: FileStore,
  file: FileKey,
  record: FileRecord,
): Promise<VerifiedFile | undefined> {
  const inOnePiece = await openInOnePiece(files, file, record);
  if (inOnePiece) return inOnePiece;
  if (!BlobReader) {
    const whole = await readWholeFile(files, file, record);
    return whole && wholeOf(whole.byteLength, (start, end) => whole.slice(start, end));
  }
  const blob = await readAsBlob(files, file, record);
  const reader = new BlobReader();
  return (
    blob &&
    wholeOf(
      blob.size,
      (start, end) => new Uint8Array(reader.readAsArrayBuffer(blob.slice(start, end))),
    )
  );
}

/** Opens the file in one piece; undefined if the store has it in parts, or if it is damaged. */
async function openInOnePiece(
  files: FileStore,
  file: FileKey,
  record: FileRecord,
): Promise<CopiedFile | undefined> {
  const opened = await files.openFile(file);
  if (!opened) return undefined;
  if (opened.isIntact?.(record) ?? (await isIntact(opened, record))) {
    const read = (start: number, end: number): Uint8Array<ArrayBuffer> => {
      const bytes = new Uint8Array(end - start);
      opened.read(bytes, start);
      return bytes;
    };
    return {
      ...wholeOf(record.bytes, read),
      close: () => {
        opened.close();
      },
    };
  }
  opened.close();
  return undefined;
}

/** Whether the whole file has the recorded hashes. */
export async function isIntact(file: RawFile, record: FileRecord): Promise<boolean> {
  if (!isFullyListed(record)) return false;
  const buffer = new Uint8Array(Math.min(record.shardBytes, record.bytes));
  for (const [index, wanted] of record.shards.entries()) {
    const shard = buffer.subarray(0, shardLength(record, index));
    file.read(shard, index * record.shardBytes);
    if ((await sha256(shard)) !== wanted) return false;
  }
  return true;
}

function wholeOf(size: number, read: CopiedFile["read"]): CopiedFile {
  return { size, read, close: () => undefined };
}

/** Verifies every byte, without keeping them in memory. */
async function readAsBlob(
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

/** The shards of a file in order, with undefined for a missing or damaged one. */
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
