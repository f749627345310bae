/** Opens the stores of a session: for models, for results, and for features of images. */

import { runExclusively } from "../shared/run-exclusively.ts";
import type { StorageOptions } from "../wire/worker-api.ts";
import { createIndexedDbStore } from "./indexed-db-store.ts";
import { createRoomyStore } from "./make-room.ts";
import type { Exclusively } from "./journals.ts";
import { createPrivateFileStore, type PrivateFileStore } from "./private-file-store.ts";
import { openPrivateFiles } from "./private-files.ts";
import { createResilientStore, type ResilientStore } from "./resilient-store.ts";
import { adoptSchema } from "./schema.ts";
import type { Store } from "./store.ts";
import { createWeightStore } from "./weight-store.ts";

export interface Stores {
  readonly models: ResilientStore;
  readonly results: ResilientStore;
  readonly images: ResilientStore;
  /** Removes weights to which nothing refers any more. */
  sweep(): Promise<void>;
}

export interface OpenStoresOptions extends StorageOptions {
  /** Called at most once, however many stores fail. */
  readonly onDegraded: (reason: string) => void;
  /** Called with the number of records that the database had lost, and that were written back. */
  readonly onRestored: (records: number) => void;
  /** Called when a model's bytes do not fit. Returns whether it freed anything. */
  readonly makeRoom: () => Promise<boolean>;
}

/** Opens the stores of a session. */
export type OpenStores = (options: OpenStoresOptions) => Promise<Stores>;

/** Where values are kept between sessions. What is left out is kept in memory. */
export interface StoreBases {
  readonly models?: Store & Partial<Pick<PrivateFileStore, "sweep">>;
  readonly results?: Store;
  readonly images?: Store;
}

/** Opens a browser's stores. Without IndexedDB, or if a newer kit has used it, values are kept in memory. */
export function openStores(options: OpenStoresOptions): Promise<Stores> {
  const { databaseName, onRestored } = options;
  return openStoresOn(
    {
      models: openWeightStore(databaseName, onRestored),
      results: createIndexedDbStore(`${databaseName}-results`),
      images: createIndexedDbStore(`${databaseName}-pictures`),
    },
    options,
  );
}

/** Opens stores elsewhere than in a browser's storage. Where a newer kit has used them, values are kept in memory. */
export async function openStoresOn(
  bases: StoreBases,
  options: Pick<OpenStoresOptions, "isMemoryOnly" | "onDegraded" | "makeRoom">,
): Promise<Stores> {
  let isReported = false;
  const report = (reason: string): void => {
    if (isReported) return;
    isReported = true;
    options.onDegraded(reason);
  };
  const adopt = async (store: Store | undefined): Promise<Store | undefined> => {
    if (options.isMemoryOnly || !store) return undefined;
    try {
      const adopted = await adoptSchema(store);
      if (!adopted) report("What is stored is of a newer version of the kit and was left alone.");
      return adopted;
    } catch (error) {
      report(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
      return undefined;
    }
  };
  const [models, results, images] = await Promise.all([
    adopt(bases.models),
    adopt(bases.results),
    adopt(bases.images),
  ]);
  return {
    models: createResilientStore(models && createRoomyStore(models, options.makeRoom), report),
    results: createResilientStore(results, report),
    images: createResilientStore(images, report),
    async sweep() {
      if (models) await bases.models?.sweep?.();
    },
  };
}

/**
 * The store of the models' files, without any check of its state.
 *
 * @param onRestored called with the number of records that the database had lost, and that were written back
 */
export function openWeightStore(
  databaseName: string,
  onRestored: (records: number) => void = () => undefined,
): Store & Partial<PrivateFileStore> {
  const name = `${databaseName}-models`;
  const store = createIndexedDbStore(name);
  const files = openPrivateFiles(name);
  const journalFiles = openPrivateFiles(`${name}-journals`);
  if (!files || !journalFiles) return store;
  // Two tabs must not write to one journal at once, and nothing else keeps them from it.
  if (!("locks" in navigator)) return createPrivateFileStore(store, files, Date.now);
  const exclusively: Exclusively = (journal, work) =>
    runExclusively(`fastvlm-kit.journal:${name}:${journal}`, work);
  return createWeightStore({
    store,
    files,
    journalFiles,
    exclusively,
    now: Date.now,
    onRestored,
  });
}
