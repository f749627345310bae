/**
 * The origin's private file system, as far as weights need it. Files there are read synchronously and
 * several times as fast as Blobs (decisions/2026-11-23-stores-for-weights.md).
 */

import type { RawFile } from "./store.ts";

/** Files in one folder. Names are of letters and digits. */
export interface PrivateFiles {
  /** Resolves when the bytes are in the file for good; what lies before them may be a gap. */
  write(name: string, bytes: Uint8Array<ArrayBuffer>, at: number): Promise<void>;
  /** Undefined where there is no such file, or another worker has it to itself. */
  open(name: string): Promise<RawFile | undefined>;
  /** The file as it is now; undefined where there is none. */
  blob(name: string): Promise<Blob | undefined>;
  /** As far as it can be removed now: a file that is open somewhere stays. */
  remove(name: string): Promise<void>;
  /** All files, and when they were written to, in milliseconds since the epoch. */
  list(): Promise<{ name: string; writtenAt: number }[]>;
}

/** As far as it is used. TypeScript knows it in workers only, and without modes. */
interface SyncAccessHandle {
  read(into: Uint8Array<ArrayBuffer>, options: { at: number }): number;
  write(bytes: Uint8Array<ArrayBuffer>, options: { at: number }): number;
  flush(): void;
  getSize(): number;
  close(): void;
}

interface PrivateFileHandle extends Omit<FileSystemFileHandle, "createSyncAccessHandle"> {
  createSyncAccessHandle(options: { mode: "readwrite-unsafe" }): Promise<SyncAccessHandle>;
}

/**
 * Handles that do not exclude each other: who writes is settled by the download's lock. Browsers
 * without modes give one handle at a time; everyone else reads Blobs.
 */
const SHARED = { mode: "readwrite-unsafe" } as const;

/**
 * @param folder made when it is first written to
 * @returns undefined where this realm has no private files that it can read synchronously
 */
export function openPrivateFiles(folder: string): PrivateFiles | undefined {
  if (!("FileSystemSyncAccessHandle" in globalThis)) return undefined;
  const root = async (create: boolean): Promise<FileSystemDirectoryHandle> =>
    (await navigator.storage.getDirectory()).getDirectoryHandle(folder, { create });
  const find = async (name: string, create = false): Promise<PrivateFileHandle> => {
    const handle: unknown = await (await root(create)).getFileHandle(name, { create });
    return handle as PrivateFileHandle;
  };
  // One after the other: where handles exclude each other, writers would, too.
  let writing: Promise<unknown> = Promise.resolve();

  return {
    async write(name, bytes, at) {
      const write = async (): Promise<void> => {
        const handle = await (await find(name, true)).createSyncAccessHandle(SHARED);
        try {
          // Chromium's private windows do not throw when room runs out.
          if (handle.write(bytes, { at }) !== bytes.byteLength) {
            throw new DOMException(
              "A private file took a part of the bytes.",
              "QuotaExceededError",
            );
          }
          handle.flush();
        } finally {
          handle.close();
        }
      };
      const turn = writing.then(write);
      writing = turn.catch(() => undefined);
      return turn;
    },
    open: (name) =>
      orUndefined(async () => {
        const handle = await (await find(name)).createSyncAccessHandle(SHARED);
        return {
          size: handle.getSize(),
          read: (into, at) => void handle.read(into, { at }),
          close: () => {
            handle.close();
          },
        };
      }),
    blob: (name) => orUndefined(async () => (await find(name)).getFile()),
    remove: (name) => orUndefined(async () => (await root(false)).removeEntry(name)),
    async list() {
      const files: { name: string; writtenAt: number }[] = [];
      await orUndefined(async () => {
        for await (const name of (await root(false)).keys()) {
          const { lastModified } = await (await find(name)).getFile();
          files.push({ name, writtenAt: lastModified });
        }
      });
      return files;
    },
  };
}

/** No file, no folder, no private files at all in this window: there is nothing to be had. */
async function orUndefined<T>(take: () => Promise<T>): Promise<T | undefined> {
  try {
    return await take();
  } catch {
    return undefined;
  }
}
