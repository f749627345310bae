/** Which layout a store's keys have. Data of a newer kit, in another tab or before a roll-back, are not ours to touch. */

import type { Store } from "./store.ts";

/** Raised with every change that an older kit would misread. */
export const SCHEMA_VERSION = 3;

const SCHEMA_KEY = "schema";

/**
 * Makes a store ready for this version: an older layout, which is only a cache, is cleared.
 *
 * @returns the store, without the version among its keys; undefined when a newer kit wrote it, and
 *   then nothing was changed
 */
export async function adoptSchema(store: Store): Promise<Store | undefined> {
  const version = await store.get(SCHEMA_KEY);
  if (typeof version === "number" && version > SCHEMA_VERSION) return undefined;
  if (version !== SCHEMA_VERSION) {
    const old = await store.keys();
    await store.delete(old.filter((key) => key !== SCHEMA_KEY));
    await store.set(SCHEMA_KEY, SCHEMA_VERSION); // Last: what is cut short begins anew.
  }
  const keys = async (): Promise<string[]> =>
    (await store.keys()).filter((key) => key !== SCHEMA_KEY);
  return { ...store, keys, clear: async () => store.delete(await keys()) };
}
