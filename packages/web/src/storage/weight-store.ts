/** The store of the models: weights in private files, records in a database, and copies of the records in journals. */

import { createJournaledStore } from "./journaled-store.ts";
import { createJournals, type Exclusively } from "./journals.ts";
import { createPrivateFileStore, type PrivateFileStore } from "./private-file-store.ts";
import type { PrivateFiles } from "./private-files.ts";
import { createRestore } from "./restore-records.ts";
import type { Store } from "./store.ts";

export interface WeightStoreOptions {
  /** The database. */
  readonly store: Store;
  /** The weights. */
  readonly files: PrivateFiles;
  /** The journals, in a folder of their own. */
  readonly journalFiles: PrivateFiles;
  readonly exclusively: Exclusively;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Called with the number of records that the database had lost, and that were written back. */
  readonly onRestored: (records: number) => void;
}

export function createWeightStore(options: WeightStoreOptions): PrivateFileStore {
  const { store, files, journalFiles, exclusively, now, onRestored } = options;
  const journals = createJournals(journalFiles, exclusively);
  const restore = createRestore({ journals, store, files, now, onRestored });
  return createPrivateFileStore({ ...createJournaledStore(store, journals), restore }, files, now);
}
