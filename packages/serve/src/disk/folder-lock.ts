/** Lets one thread of all processes at a time work on a folder. */

import { mkdirSync, rmSync, statSync } from "node:fs";

/** A lock is held for some system calls only. One that is so old was left by a process that was killed. */
const LEFT_AFTER_MS = 5000;

/** A folder without a lock after so long cannot be used, in milliseconds. */
const GIVE_UP_AFTER_MS = 20_000;

/**
 * Runs `work` while nobody else holds the lock. `work` has to return at once.
 *
 * @param lock the path of a folder that exists while the lock is held; creating a folder is one step in every file system
 * @throws what `work` throws; an `Error` when the lock is never free
 */
export async function withFolderLock<T>(lock: string, work: () => T): Promise<T> {
  const startedAt = Date.now();
  while (!takes(lock)) {
    if (isLeft(lock)) rmSync(lock, { recursive: true, force: true });
    else if (Date.now() - startedAt > GIVE_UP_AFTER_MS) {
      throw new Error(`The lock ${lock} is never free. Delete it if no server runs.`);
    } else await new Promise((resolve) => setTimeout(resolve, 1 + Math.random() * 8));
  }
  try {
    return work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

function takes(lock: string): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

function isLeft(lock: string): boolean {
  const found = statSync(lock, { throwIfNoEntry: false });
  return found !== undefined && Date.now() - found.mtimeMs > LEFT_AFTER_MS;
}

/** The code of an error of the file system, such as `ENOENT`. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}
