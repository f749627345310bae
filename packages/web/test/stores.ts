/** Stores that fail or count, around a real one. */

import { createMemoryStore } from "../src/storage/memory-store.ts";
import type { Store } from "../src/storage/store.ts";

export interface ObservedStore extends Store {
  /** Requests as `method key`, in order. */
  readonly requests: string[];
  /** From now on every request rejects with this, or none. */
  error: Error | undefined;
}

export function createObservedStore(inner: Store = createMemoryStore()): ObservedStore {
  const requests: string[] = [];
  const observe = <T>(request: string, run: () => Promise<T>): Promise<T> => {
    requests.push(request);
    return store.error ? Promise.reject(store.error) : run();
  };
  const store: ObservedStore = {
    requests,
    error: undefined,
    get: (key) => observe(`get ${key}`, () => inner.get(key)),
    set: (key, value) => observe(`set ${key}`, () => inner.set(key, value)),
    setPart: (key, bytes, at) => observe(`set ${key}`, () => inner.setPart(key, bytes, at)),
    update: (key, change) => observe(`update ${key}`, () => inner.update(key, change)),
    delete: (keys) => observe(`delete ${keys.join()}`, () => inner.delete(keys)),
    keys: () => observe("keys", () => inner.keys()),
    clear: () => observe("clear", () => inner.clear()),
  };
  return store;
}

/** A store that says how many values are being written at once, and may wait before it writes. */
export interface BusyStore extends Store {
  /** The most shards at the same time. */
  readonly maxShards: () => number;
}

/**
 * @param onShard called before each shard is stored
 * @param delayMs how long a shard takes
 */
export function createBusyStore(
  inner: Store,
  onShard: (count: number) => void = () => undefined,
  delayMs = 0,
): BusyStore {
  let [count, now, most] = [0, 0, 0];
  return {
    ...inner,
    maxShards: () => most,
    async setPart(key, bytes, at) {
      most = Math.max(most, ++now);
      onShard(++count);
      if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
      await inner.setPart(key, bytes, at);
      now--;
    },
  };
}
