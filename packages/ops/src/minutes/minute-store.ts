/** Where the minutes of all tabs are kept. In a browser this is IndexedDB; tests have a map. */

import { createStore, promisifyRequest, type UseStore } from "idb-keyval";
import type { MinuteRecord } from "./minute-record.ts";

/** The minute and the tab. The tab's name makes keys unique; the minute puts them in order. */
type MinuteKey = [minute: number, tab: string];

/** A record, as yet unchecked, under the key that it was stored with. */
interface StoredMinute {
  readonly key: MinuteKey;
  readonly value: unknown;
}

export interface MinuteStore {
  /** Replaces this tab's record of this minute. Resolves when it is stored. */
  write(record: MinuteRecord): Promise<void>;
  /** Records of the minutes from `from` up to and without `to`, earlier minutes first. */
  read(from: number, to: number): Promise<readonly StoredMinute[]>;
  delete(keys: readonly MinuteKey[]): Promise<void>;
}

const OBJECT_STORE = "minutes";

/** @param databaseName one database for all tabs of the origin */
export function createMinuteStore(databaseName: string): MinuteStore {
  let connection = createStore(databaseName, OBJECT_STORE);

  /** Browsers close connections, not always with an event. A second try then has a connection of its own. */
  const use = async <T>(
    mode: IDBTransactionMode,
    work: (store: IDBObjectStore) => T | PromiseLike<T>,
  ): Promise<T> => {
    try {
      return await connection(mode, work);
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== "InvalidStateError") throw error;
      connection = createStore(databaseName, OBJECT_STORE);
      return connection(mode, work);
    }
  };

  return {
    write: (record) =>
      use("readwrite", (store) => {
        store.put(record, [record.minute, record.tab]);
        const done = committed(store);
        // At once, and not when the page gets to it: a page that is being left no longer does.
        store.transaction.commit();
        return done;
      }),
    read: (from, to) =>
      use("readonly", async (store) => {
        const range = IDBKeyRange.bound([from], [to], false, true);
        const [keys, values] = await Promise.all([
          promisifyRequest(store.getAllKeys(range)),
          promisifyRequest<unknown[]>(store.getAll(range)),
        ]);
        // Only `write` puts keys into this database.
        return keys.map((key, index) => ({ key: key as MinuteKey, value: values[index] }));
      }),
    delete: (keys) =>
      use("readwrite", (store) => {
        for (const key of keys) store.delete(key);
        return committed(store);
      }),
  };
}

function committed(store: Parameters<Parameters<UseStore>[1]>[0]): Promise<void> {
  return promisifyRequest(store.transaction);
}
