/**
 * A store that makes room: while a value does not fit, the least recently used models go, one after
 * the other. What the browser estimates of its room is a hint; a write that fails is a fact.
 */

import type { Store } from "./store.ts";

/**
 * @param makeRoom frees what it can
 * @returns whether anything was freed
 */
export function createRoomyStore(store: Store, makeRoom: () => Promise<boolean>): Store {
  let making: Promise<boolean> | undefined;
  let timesMade = 0;
  /** Once for all writes that fail meanwhile. */
  const makeRoomForAll = (): Promise<boolean> =>
    (making ??= makeRoom()
      .then((hasMade) => {
        if (hasMade) timesMade += 1;
        return hasMade;
      })
      .finally(() => {
        making = undefined;
      }));
  const write = async (attempt: () => Promise<void>): Promise<void> => {
    for (;;) {
      const timesBefore = timesMade;
      try {
        await attempt();
        return;
      } catch (error) {
        if (!isQuotaError(error)) throw error;
        const hasRoomNow = timesMade > timesBefore || (await makeRoomForAll());
        if (!hasRoomNow) throw error;
      }
    }
  };
  return {
    ...store,
    set: (key, value) => write(() => store.set(key, value)),
    setPart: (key, bytes, at) => write(() => store.setPart(key, bytes, at)),
    update: (key, change) => write(() => store.update(key, change)),
  };
}

/** By name: it is a class of its own in new browsers and a `DOMException` in others. */
export function isQuotaError(error: unknown): boolean {
  return error instanceof Error && error.name === "QuotaExceededError";
}
