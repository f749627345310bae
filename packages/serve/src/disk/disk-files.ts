/** Files of models in a folder, read synchronously as the engine needs it. */

import { closeSync, constants, fstatSync, openAsBlob, openSync, readSync } from "node:fs";
import { mkdir, open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { PrivateFiles } from "@fastvlm-kit/web/host";
import { codeOf } from "./folder-lock.ts";
import { withQuotaErrors } from "./quota-error.ts";

/**
 * @param folder is created with the first file; nothing else may be in it
 * @param localPaths by name: files that are on this machine already. They are read where they lie, and never written
 */
export function createDiskFiles(
  folder: string,
  localPaths: ReadonlyMap<string, string> = new Map(),
): PrivateFiles {
  const pathOf = (name: string): string => localPaths.get(name) ?? join(folder, name);
  return {
    async write(name, bytes, at) {
      // The bytes were read from this file, and every read compares them with their hash.
      if (localPaths.has(name)) return;
      await withQuotaErrors(async () => {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        const file = await open(pathOf(name), constants.O_RDWR | constants.O_CREAT, 0o600);
        try {
          let position = at === "end" ? (await file.stat()).size : at;
          for (let sent = 0; sent < bytes.byteLength;) {
            const { bytesWritten } = await file.write(bytes, sent, undefined, position);
            sent += bytesWritten;
            position += bytesWritten;
          }
          await file.datasync();
        } finally {
          await file.close();
        }
      });
    },
    open: (name) =>
      orUndefined(() => {
        const file = openSync(pathOf(name), "r");
        return {
          size: fstatSync(file).size,
          read: (into, at) => {
            for (let filled = 0; filled < into.byteLength;) {
              const count = readSync(file, into, filled, into.byteLength - filled, at + filled);
              if (count === 0) return; // Beyond the end.
              filled += count;
            }
          },
          close: () => {
            closeSync(file);
          },
        };
      }),
    blob: (name) => orUndefined(() => openAsBlob(pathOf(name))),
    async remove(name) {
      if (!localPaths.has(name)) await rm(join(folder, name), { force: true });
    },
    async list() {
      const names = (await orUndefined(() => readdir(folder))) ?? [];
      const files = names.map((name) =>
        orUndefined(async () => {
          const { mtimeMs } = await stat(join(folder, name));
          return { name, writtenAt: mtimeMs };
        }),
      );
      return (await Promise.all(files)).filter((file) => file !== undefined);
    },
  };
}

/** Returns undefined if there is no such file or folder. */
async function orUndefined<T>(take: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await take();
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}
