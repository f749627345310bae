/**
 * A store in IndexedDB, through idb-keyval with a connection of our own. Browsers close connections, for instance when
 * site data is cleared, or in Safari in the background. The connection of idb-keyval would then fail for ever.
 */

import { clear, delMany, get, keys, promisifyRequest, set, type UseStore } from "idb-keyval";
import type { Store } from "./store.ts";

const OBJECT_STORE = "entries";

/**
 * How long a database may take to open. It takes milliseconds, seconds where a large profile is read for
 * the first time; WebKit is known for opens that nothing ever comes of. Then the session has no store.
 */
export const OPEN_LIMIT_MS = 60_000;

/** @param databaseName one database per store: an object store added later would need a new version */
export function createIndexedDbStore(databaseName: string): Store {
  const connection = createConnection(databaseName);
  return {
    get: (key) => get(key, connection),
    set: (key, value) => set(key, value, connection),
    // Stored as a Blob, so that a whole file can be put together later without reading it.
    setPart: (key, bytes) => set(key, new Blob([bytes]), connection),
    update: (key, change) => updateIn(connection, key, change),
    delete: (all) => delMany([...all], connection),
    keys: () => keys<string>(connection),
    clear: () => clear(connection),
  };
}

/** Replaces the `update` of idb-keyval, which cannot delete, and does not wait for the transaction when `change` throws. */
function updateIn(
  connection: UseStore,
  key: string,
  change: (value: unknown) => unknown,
): Promise<void> {
  return connection("readwrite", (store) => {
    const committed = promisifyRequest(store.transaction);
    let thrown: unknown;
    const request = store.get(key);
    request.onsuccess = () => {
      try {
        const value = change(request.result);
        if (value === undefined) store.delete(key);
        else store.put(value, key);
      } catch (error) {
        thrown = error;
        store.transaction.abort();
      }
    };
    return committed.catch((error: unknown) => {
      throw thrown ?? error;
    });
  });
}

/** Opens a connection at first use. If it was closed, opens a new one and tries once more. */
function createConnection(databaseName: string): UseStore {
  let opened: Promise<IDBDatabase> | undefined;

  const open = (): Promise<IDBDatabase> => {
    const request = indexedDB.open(databaseName);
    request.onupgradeneeded = () => request.result.createObjectStore(OBJECT_STORE);
    const opening = within(OPEN_LIMIT_MS, promisifyRequest(request)).then((database) => {
      const forget = (): void => {
        if (opened === opening) opened = undefined;
      };
      database.onclose = forget;
      // Another tab wants to delete or upgrade the database, so the connection is closed.
      database.onversionchange = () => {
        database.close();
        forget();
      };
      return database;
    });
    // A failed open must not be remembered.
    opening.catch(() => {
      if (opened === opening) opened = undefined;
      // It may still open, and nobody would close it when another tab asks for that.
      request.onsuccess = () => {
        request.result.close();
      };
    });
    return opening;
  };

  const begin = async (mode: IDBTransactionMode): Promise<IDBObjectStore> => {
    const database = await (opened ??= open());
    return database.transaction(OBJECT_STORE, mode).objectStore(OBJECT_STORE);
  };

  return async (mode, callback) => {
    let store: IDBObjectStore;
    try {
      store = await begin(mode);
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== "InvalidStateError") throw error;
      opened = undefined; // The connection was closed without an event.
      store = await begin(mode);
    }
    return callback(store);
  };
}

/** @throws {DOMException} `TimeoutError` */
function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const seconds = String(milliseconds / 1000);
      reject(new DOMException(`IndexedDB did not open within ${seconds} s.`, "TimeoutError"));
    }, milliseconds);
    work.then(resolve, reject).finally(() => {
      clearTimeout(timer);
    });
  });
}
