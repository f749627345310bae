/** The two stores of a session: the model's files and the results. */

import type { StorageOptions } from "../wire/api.ts";
import { createIndexedDbStore } from "./indexed-db-store.ts";
import { createMemoryStore } from "./memory-store.ts";
import { createResilientStore, type ResilientStore } from "./resilient-store.ts";
import type { Store } from "./store.ts";

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
  const open = (name: string): ResilientStore =>
    createResilientStore(openOne(`${options.databaseName}-${name}`, options, report), report);
  return { models: open("models"), results: open("results") };
}

function openOne(databaseName: string, { memoryOnly }: StorageOptions, report: (reason: string) => void): Store {
  if (memoryOnly) return createMemoryStore();
  // Firefox's private windows of old and locked-down profiles have none.
  if (typeof indexedDB === "undefined") {
    report("This browser has no IndexedDB here");
    return createMemoryStore();
  }
  return createIndexedDbStore(databaseName);
}
