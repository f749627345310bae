/** The two stores of a session: the model's files and the results. */

import type { StorageOptions } from "../wire/api.ts";
import { createIndexedDbStore } from "./indexed-db-store.ts";
import { createRoomyStore } from "./make-room.ts";
import { createResilientStore, type ResilientStore } from "./resilient-store.ts";
import { adoptSchema } from "./schema.ts";
import type { Store } from "./store.ts";

export interface Stores {
  readonly models: ResilientStore;
  readonly results: ResilientStore;
}

export interface OpenStoresOptions extends StorageOptions {
  /** Called at most once, however many stores fail. */
  readonly onDegraded: (reason: string) => void;
  /** Called when a model's bytes do not fit; whether it freed anything. */
  readonly makeRoom: () => Promise<boolean>;
}

/** Where there is no IndexedDB, or one that is not to be touched, values are kept in memory. */
export async function openStores(options: OpenStoresOptions): Promise<Stores> {
  let isReported = false;
  const report = (reason: string): void => {
    if (isReported) return;
    isReported = true;
    options.onDegraded(reason);
  };
  const open = async (name: string): Promise<Store | undefined> => {
    if (options.memoryOnly) return undefined;
    try {
      const store = await adoptSchema(createIndexedDbStore(`${options.databaseName}-${name}`));
      if (!store) report("What is stored is of a newer version of the kit and was left alone.");
      return store;
    } catch (error) {
      report(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
      return undefined;
    }
  };
  const [models, results] = await Promise.all([open("models"), open("results")]);
  return {
    models: createResilientStore(models && createRoomyStore(models, options.makeRoom), report),
    results: createResilientStore(results, report),
  };
}
