/** Keeps values for the life of the worker. The other stores have to behave like this one. */

import type { Store } from "./store.ts";

export function createMemoryStore(): Store {
  const values = new Map<string, unknown>();
  return {
    get: (key) => Promise.resolve(values.get(key)),
    set: (key, value) => {
      values.set(key, value);
      return Promise.resolve();
    },
    setPart: (key, bytes) => {
      values.set(key, new Blob([bytes]));
      return Promise.resolve();
    },
    // eslint-disable-next-line @typescript-eslint/require-await -- what `change` throws must reject
    update: async (key, change) => {
      const value = change(values.get(key));
      if (value === undefined) values.delete(key);
      else values.set(key, value);
    },
    delete: (keys) => {
      for (const key of keys) values.delete(key);
      return Promise.resolve();
    },
    keys: () => Promise.resolve([...values.keys()]),
    clear: () => {
      values.clear();
      return Promise.resolve();
    },
  };
}
