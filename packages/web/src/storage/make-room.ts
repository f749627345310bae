/**
 * A store that makes room once: when a value does not fit, the least recently used models go and the
 * value is tried again. What the browser estimates of its room is a hint; a write that fails is a fact.
 */

import type { Store } from "./store.ts";

/**
 * @param makeRoom frees what it can
 * @returns whether anything was freed
 */
export function createRoomyStore(store: Store, makeRoom: () => Promise<boolean>): Store {
  return {
    ...store,
    async set(key, value) {
      try {
        await store.set(key, value);
      } catch (error) {
        if (!isQuotaError(error) || !(await makeRoom())) throw error;
        await store.set(key, value);
      }
    },
  };
}

/** By name: it is a class of its own in new browsers and a `DOMException` in others. */
function isQuotaError(error: unknown): boolean {
  return error instanceof Error && error.name === "QuotaExceededError";
}
