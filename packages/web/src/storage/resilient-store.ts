/**
 * A store whose requests never fail. After the first failure it writes to memory for the rest of the session, and reports
 * that once. What was stored before can be read as long as reading works.
 */

import { createMemoryStore } from "./memory-store.ts";
import type { Store } from "./store.ts";

export interface ResilientStore extends Store {
  /** Whether values are still there in the next session. */
  readonly isPersistent: boolean;
}

/**
 * @param store undefined keeps everything in memory from the start
 * @param onDegraded called once, with a reason in words
 */
export function createResilientStore(
  store: Store | undefined,
  onDegraded: (reason: string) => void,
): ResilientStore {
  const memory = createMemoryStore();
  let isPersistent = store !== undefined;
  let isReadable = isPersistent;

  const degrade = (error: unknown): void => {
    if (!isPersistent) return;
    isPersistent = false;
    onDegraded(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
  };

  const read = async <T>(use: (store: Store) => Promise<T>, otherwise: T): Promise<T> => {
    if (!store || !isReadable) return otherwise;
    try {
      return await use(store);
    } catch (error) {
      isReadable = false;
      degrade(error);
      return otherwise;
    }
  };

  const write = async (use: (store: Store) => Promise<void>): Promise<void> => {
    if (store && isPersistent) {
      try {
        await use(store);
        return;
      } catch (error) {
        degrade(error);
      }
    }
    await use(memory);
  };

  const get = async (key: string): Promise<unknown> => {
    const value = await memory.get(key);
    return value === undefined ? read((one) => one.get(key), undefined) : value;
  };

  const remove = async (keys: readonly string[]): Promise<void> => {
    await memory.delete(keys);
    // Deletes even after a failure, because deleting may make room.
    if (store && isReadable) await store.delete(keys).catch(degrade);
  };

  return {
    get isPersistent() {
      return isPersistent;
    },
    get,
    set: (key, value) => write((one) => one.set(key, value)),
    setPart: (key, bytes, at) => write((one) => one.setPart(key, bytes, at)),
    async update(key, change) {
      const state = { hasThrown: false, isDeleted: false };
      if (store && isPersistent) {
        try {
          await store.update(key, (value) => {
            state.hasThrown = true;
            const changed = change(value);
            state.hasThrown = false;
            return changed;
          });
          return;
        } catch (error) {
          if (state.hasThrown) throw error; // An error of the caller's function, which is no fault of the store.
          degrade(error);
        }
      }
      const stored = await read((one) => one.get(key), undefined);
      await memory.update(key, (value) => {
        const changed = change(value === undefined ? stored : value);
        state.isDeleted = changed === undefined;
        return changed;
      });
      if (state.isDeleted) await remove([key]); // Otherwise the stored values would appear again.
    },
    delete: remove,
    async keys() {
      const stored = await read((one) => one.keys(), []);
      return [...new Set([...stored, ...(await memory.keys())])];
    },
    async restore(owner) {
      if (store && isReadable) await store.restore?.(owner).catch(degrade);
    },
    openFile: (file) =>
      read((one) => one.openFile?.(file) ?? Promise.resolve(undefined), undefined),
    async clear() {
      await memory.clear();
      if (store && isReadable) await store.clear().catch(degrade);
    },
  };
}
