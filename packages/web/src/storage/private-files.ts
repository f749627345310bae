/**
 * Files in the origin's private file system, for weights. They are read synchronously, and several times as fast as Blobs
 * (decisions/2026-11-23-stores-for-weights.md).
 */

import type { RawFile } from "./store.ts";
import type { Bytes } from "../protocol/arrays.ts";

/** Files in one folder. Their names have letters and digits only. */
export interface PrivateFiles {
  /**
   * Writes bytes. Resolves when they are flushed to the file.
   *
   * @param at there may be a gap before it
   */
  write(name: string, bytes: Bytes, at: number | "end"): Promise<void>;
  /** Opens a file; undefined if it does not exist, or if another worker has it for itself. */
  open(name: string): Promise<RawFile | undefined>;
  /** The file as it is now; undefined if it does not exist. */
  blob(name: string): Promise<Blob | undefined>;
  /** Removes the file, unless it is open somewhere. */
  remove(name: string): Promise<void>;
  /** All files, and when they were written to, in milliseconds since the epoch. */
  list(): Promise<{ name: string; writtenAt: number }[]>;
}

/** The part that is used here. TypeScript declares it for workers only, and without modes. */
interface SyncAccessHandle {
  read(into: Bytes, options: { at: number }): number;
  write(bytes: Bytes, options: { at: number }): number;
  flush(): void;
  getSize(): number;
  close(): void;
}

interface PrivateFileHandle extends Omit<FileSystemFileHandle, "createSyncAccessHandle"> {
  createSyncAccessHandle(options: { mode: "readwrite-unsafe" }): Promise<SyncAccessHandle>;
}

/**
 * Several handles may be open at once; the lock of the download makes sure that only one worker writes. Browsers without
 * modes open one handle at a time, and all other workers read Blobs.
 */
const SHARED = { mode: "readwrite-unsafe" } as const;

/**
 * @param folder the name of the folder, which is created at the first write
 * @returns undefined if private files cannot be read synchronously here
 */
export function openPrivateFiles(folder: string): PrivateFiles | undefined {
  if (!("FileSystemSyncAccessHandle" in globalThis)) return undefined;
  // A name of the app's own choice; no folder may have a slash in its name.
  const safe = /[/\\]/.test(folder) ? encodeURIComponent(folder) : folder;
  const root = async (create: boolean): Promise<FileSystemDirectoryHandle> =>
    (await navigator.storage.getDirectory()).getDirectoryHandle(safe, { create });
  const find = async (name: string, create = false): Promise<PrivateFileHandle> => {
    const handle: unknown = await (await root(create)).getFileHandle(name, { create });
    return handle as PrivateFileHandle;
  };
  // Writes run one after the other, because in some browsers only one handle can be open.
  let writing: Promise<unknown> = Promise.resolve();

  return {
    async write(name, bytes, at) {
      const write = async (): Promise<void> => {
        const handle = await (await find(name, true)).createSyncAccessHandle(SHARED);
        try {
          // Chromium's private windows do not throw when room runs out.
          const written = handle.write(bytes, { at: at === "end" ? handle.getSize() : at });
          if (written !== bytes.byteLength) {
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

/** Returns undefined if there is no such file, no folder, or no private file system in this window. */
async function orUndefined<T>(take: () => Promise<T>): Promise<T | undefined> {
  try {
    return await take();
  } catch (error) {
    // Whatever a file system refuses is a DOMException; anything else is a mistake of ours.
    if (!(error instanceof DOMException)) throw error;
    return undefined;
  }
}
