/** Private files in memory, as browsers have them: closed ones, open ones, and what goes wrong with them. */

import type { PrivateFiles } from "../src/storage/private-files.ts";

export interface FakePrivateFiles extends PrivateFiles {
  readonly contents: Map<string, Uint8Array<ArrayBuffer>>;
  /** From now on every write rejects with this, or none. */
  error: Error | undefined;
  /** Whether some other worker has all files to itself. */
  isTaken: boolean;
  /** When files are written to. */
  time: number;
}

export function createFakePrivateFiles(): FakePrivateFiles {
  const contents = new Map<string, Uint8Array<ArrayBuffer>>();
  const writtenAt = new Map<string, number>();
  const openCounts = new Map<string, number>();
  const count = (name: string, by: number): void => {
    openCounts.set(name, (openCounts.get(name) ?? 0) + by);
  };
  const files: FakePrivateFiles = {
    contents,
    error: undefined,
    isTaken: false,
    time: 0,
    write(name, bytes, at) {
      if (files.error) return Promise.reject(files.error);
      const before = contents.get(name) ?? new Uint8Array(0);
      const start = at === "end" ? before.length : at;
      const after = new Uint8Array(Math.max(before.length, start + bytes.length));
      after.set(before);
      after.set(bytes, start);
      contents.set(name, after);
      writtenAt.set(name, files.time);
      return Promise.resolve();
    },
    open(name) {
      const content = contents.get(name);
      if (!content || files.isTaken) return Promise.resolve(undefined);
      count(name, 1);
      return Promise.resolve({
        size: content.length,
        read: (into, at) => {
          into.set(contents.get(name)!.subarray(at, at + into.length));
        },
        close: () => {
          count(name, -1);
        },
      });
    },
    blob: (name) => {
      const content = contents.get(name);
      return Promise.resolve(content && new Blob([content]));
    },
    remove: (name) => {
      if (!openCounts.get(name)) contents.delete(name);
      return Promise.resolve();
    },
    list: () =>
      Promise.resolve(
        [...contents.keys()].map((name) => ({ name, writtenAt: writtenAt.get(name) ?? 0 })),
      ),
  };
  return files;
}
