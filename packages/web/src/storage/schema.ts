/** The version of a store's layout. Data of a newer kit, from another tab or from before a roll-back, must not be touched. */

import type { Store } from "./store.ts";

/** Raise this with every change that an older kit would misread. */
export const SCHEMA_VERSION = 3;

const SCHEMA_KEY = "schema";

/** Stands in the place of the version while records are written back into a store that was empty. */
const RESTORING = "restoring";

/**
 * Prepares a store for this version. A store with an older layout is cleared, because it is only a cache. An empty store
 * is new, or a browser has lost its content, which is then restored.
 *
 * @returns the store, which hides the key with the version; undefined if a newer kit wrote it, which is then left unchanged
 */
export async function adoptSchema(store: Store): Promise<Store | undefined> {
  const version = await store.get(SCHEMA_KEY);
  if (typeof version === "number" && version > SCHEMA_VERSION) return undefined;
  if (version !== SCHEMA_VERSION) {
    const old = (await store.keys()).filter((key) => key !== SCHEMA_KEY);
    if (version === RESTORING || (version === undefined && old.length === 0)) {
      await store.set(SCHEMA_KEY, RESTORING);
      await store.restore?.();
    } else {
      await store.delete(old);
    }
    await store.set(SCHEMA_KEY, SCHEMA_VERSION); // The version is written last, so that what was interrupted starts again.
  }
  const keys = async (): Promise<string[]> =>
    (await store.keys()).filter((key) => key !== SCHEMA_KEY);
  return { ...store, keys, clear: async () => store.delete(await keys()) };
}
