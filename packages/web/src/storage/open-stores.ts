/** The two stores of a session: the model's files and the results. */

import type { StorageOptions } from "../wire/api.ts";
import { createIndexedDbStore } from "./indexed-db-store.ts";
import { createMemoryStore } from "./memory-store.ts";
import { createResilientStore, type ResilientStore } from "./resilient-store.ts";

export interface Stores {
  readonly models: ResilientStore;
  readonly results: ResilientStore;
}

/** @param onDegraded called at most once, however many stores fail */
export function openStores(options: StorageOptions, onDegraded: (reason: string) => void): Stores {
  let isReported = false;
  const report = (reason: string): void => {
    if (isReported) return;
    isReported = true;
    onDegraded(reason);
  };
  const open = (name: string): ResilientStore => {
    const databaseName = `${options.databaseName}-${name}`;
    // Where there is no IndexedDB (some private windows), its first request fails like any other.
    return createResilientStore(
      options.memoryOnly ? createMemoryStore() : createIndexedDbStore(databaseName),
      report,
    );
  };
  return { models: open("models"), results: open("results") };
}
