/**
 * A store that never fails a request: at the first failure it goes on in memory for the rest of the
 * session and says so once.
 */

import { createMemoryStore } from "./memory-store.ts";
import type { Store } from "./store.ts";

export interface ResilientStore extends Store {
  /** Whether values outlive this session. */
  readonly isPersistent: boolean;
}

/** @param onDegraded called once, with a reason in words */
export function createResilientStore(
  store: Store,
  onDegraded: (reason: string) => void,
): ResilientStore {
  let current = store;
  let isPersistent = true;

  const attempt = async <T>(use: (store: Store) => Promise<T>): Promise<T> => {
    try {
      return await use(current);
    } catch (error) {
      if (isPersistent) {
        isPersistent = false;
        current = createMemoryStore();
        onDegraded(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
      }
      return use(current);
    }
  };

  return {
    get isPersistent() {
      return isPersistent;
    },
    get: (key) => attempt((one) => one.get(key)),
    set: (key, value) => attempt((one) => one.set(key, value)),
    delete: (keys) => attempt((one) => one.delete(keys)),
    keys: () => attempt((one) => one.keys()),
    clear: () => attempt((one) => one.clear()),
  };
}
