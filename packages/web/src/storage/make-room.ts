/**
 * A store that makes room. While a value does not fit, it removes the least recently used model, one after the other. It
 * reacts to writes that fail, and not to the browser's estimate of free room, which is only a hint.
 */

import type { Store } from "./store.ts";

/**
 * @param makeRoom frees as much as it can
 * @returns whether anything was freed
 */
export function createRoomyStore(store: Store, makeRoom: () => Promise<boolean>): Store {
  let making: Promise<boolean> | undefined;
  let timesMade = 0;
  /** Makes room once for all writes that fail at the same time. */
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

/** Compares the name of the error, because new browsers have a class of its own and others a `DOMException`. */
export function isQuotaError(error: unknown): boolean {
  return error instanceof Error && error.name === "QuotaExceededError";
}
