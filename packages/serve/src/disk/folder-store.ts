/**
 * Keeps values in a folder, one file for each. Threads and processes may use the folder at the same time. Values are small
 * records; the bytes of models are in `disk-files.ts`.
 */

import { createHash, randomUUID } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { deserialize, serialize } from "node:v8";
import type { Store } from "@fastvlm-kit/web/host";
import { codeOf, withFolderLock } from "./folder-lock.ts";
import { withQuotaErrors } from "./quota-error.ts";

/** What a file holds. Node promises to read what older versions of it have serialised. */
interface Entry {
  readonly key: string;
  readonly value: unknown;
  /** Whether the value is a part of a file, which is returned as a Blob. */
  readonly isPart: boolean;
}

const ENDING = ".record";

/** @param folder is created with the first value; nothing else may be in it */
export function createFolderStore(folder: string): Store {
  /** The name of a file is a hash of its key, so that any key fits any file system. */
  const keyByName = new Map<string, string>();
  const pathOf = (key: string): string => join(folder, nameOf(key));
  let turn: Promise<unknown> = Promise.resolve();
  /** Writers of this thread queue here, and the lock is for the others. */
  const write = (work: () => void): Promise<void> => {
    const mine = turn.then(() => {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      return withQuotaErrors(() => withFolderLock(join(folder, "lock"), work));
    });
    turn = mine.catch(() => undefined);
    return mine;
  };
  const put = (key: string, value: unknown, isPart = false): void => {
    writeWhole(pathOf(key), serialize({ key, value, isPart } satisfies Entry));
  };
  const remove = (key: string): void => {
    rmSync(pathOf(key), { force: true });
  };
  // eslint-disable-next-line @typescript-eslint/require-await -- what reading throws must reject
  const keys = async (): Promise<string[]> => {
    const found: string[] = [];
    for (const name of listNames(folder)) {
      const key = keyByName.get(name) ?? readEntry(join(folder, name))?.key;
      if (key === undefined) continue;
      keyByName.set(name, key);
      found.push(key);
    }
    return found;
  };

  return {
    // eslint-disable-next-line @typescript-eslint/require-await -- what reading throws must reject
    async get(key) {
      const entry = readEntry(pathOf(key));
      return entry?.isPart === true ? new Blob([entry.value as BlobPart]) : entry?.value;
    },
    set: (key, value) =>
      write(() => {
        put(key, value);
      }),
    setPart: (key, bytes) =>
      write(() => {
        put(key, bytes, true);
      }),
    update: (key, change) =>
      write(() => {
        const value = change(readEntry(pathOf(key))?.value);
        if (value === undefined) remove(key);
        else put(key, value);
      }),
    delete: (removed) =>
      write(() => {
        for (const key of removed) remove(key);
      }),
    keys,
    clear: () =>
      write(() => {
        for (const name of listNames(folder)) rmSync(join(folder, name), { force: true });
      }),
  };
}

function nameOf(key: string): string {
  return createHash("sha256").update(key).digest("hex") + ENDING;
}

function listNames(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith(ENDING));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
}

/** @returns undefined where there is none, or where the file is damaged: then it is as good as none */
function readEntry(path: string): Entry | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
  try {
    return deserialize(bytes) as Entry;
  } catch {
    return undefined;
  }
}

/** Readers see the old content or the new one, also after a power cut. */
function writeWhole(path: string, bytes: Uint8Array): void {
  const draft = `${path}.${randomUUID()}`;
  try {
    const file = openSync(draft, "wx", 0o600);
    try {
      writeFileSync(file, bytes);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}
