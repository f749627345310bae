/**
 * What every {@link Store} must do. Plain functions without a test framework, so that the same suite
 * runs in Node and, for stores that need a browser, in a page.
 */

import type { Store } from "../../src/storage/store.ts";

type Check = (store: Store) => Promise<void>;

/** The promises of a store, by name. Each is checked on a store of its own, which starts empty. */
export const STORE_CHECKS: Readonly<Record<string, Check>> = {
  "has nothing at first": async (store) => {
    same(await store.get("a"), undefined);
    same(await store.keys(), []);
  },
  "gives back what was set": async (store) => {
    const value = { text: "é", bytes: Uint8Array.of(1, 2, 3), nested: [1, null, { deep: true }] };
    await store.set("a", value);
    same(await store.get("a"), value);
  },
  "keeps falsy values apart from nothing": async (store) => {
    for (const value of [0, "", false, null]) {
      await store.set("a", value);
      same(await store.get("a"), value);
    }
    same(await store.keys(), ["a"]);
  },
  "replaces a value": async (store) => {
    await store.set("a", 1);
    await store.set("a", 2);
    same(await store.get("a"), 2);
    same(await store.keys(), ["a"]);
  },
  "tells keys apart that look alike": async (store) => {
    const keys = ["a", "A", "a ", "", "__proto__", "a#0", "é", "e\u0301"];
    for (const [index, key] of keys.entries()) await store.set(key, index);
    for (const [index, key] of keys.entries()) same(await store.get(key), index);
    same([...(await store.keys())].sort(), [...keys].sort());
  },
  "deletes the keys that it is given, known or not": async (store) => {
    for (const key of ["a", "b", "c"]) await store.set(key, key);
    await store.delete(["a", "c", "unknown"]);
    await store.delete([]);
    same(await store.keys(), ["b"]);
    same(await store.get("a"), undefined);
    same(await store.get("b"), "b");
  },
  "clears everything and can be used again": async (store) => {
    await store.set("a", 1);
    await store.clear();
    same(await store.keys(), []);
    same(await store.get("a"), undefined);
    await store.set("a", 2);
    same(await store.get("a"), 2);
  },
  "takes many requests at once": async (store) => {
    const keys = Array.from({ length: 50 }, (_, index) => `key ${String(index)}`);
    await Promise.all(keys.map((key) => store.set(key, key)));
    same(await Promise.all(keys.map((key) => store.get(key))), keys);
  },
  "updates a value by what it was": async (store) => {
    await store.update("a", (value) => [value]);
    same(await store.get("a"), [undefined]);
    await store.update("a", () => 2);
    same(await store.get("a"), 2);
    same(await store.keys(), ["a"]);
  },
  "loses none of fifty updates at once": async (store) => {
    const add = (value: unknown): number => ((value as number | undefined) ?? 0) + 1;
    await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        for (let wait = 0; wait < index % 7; wait++) await Promise.resolve();
        await store.update("a", add);
      }),
    );
    same(await store.get("a"), 50);
  },
  "deletes what an update makes undefined": async (store) => {
    await store.set("a", 1);
    await store.update("a", () => undefined);
    await store.update("b", () => undefined);
    same(await store.keys(), []);
    same(await store.get("a"), undefined);
  },
  "changes nothing when an update throws, and says what was thrown": async (store) => {
    await store.set("a", 1);
    const thrown = new Error("thrown by the update");
    const failing = store.update("a", () => {
      throw thrown;
    });
    same(await failing.catch((error: unknown) => error === thrown), true);
    same(await store.get("a"), 1);
    await store.update("a", () => 2);
    same(await store.get("a"), 2);
  },
  "keeps null and other falsy values that an update makes": async (store) => {
    for (const value of [null, 0, "", false]) {
      await store.update("a", () => value);
      same(await store.get("a"), value);
      await store.update("a", (known) => [known]);
      same(await store.get("a"), [value]);
    }
  },
  "gives a Blob of a file's part, at whatever place in the file": async (store) => {
    const parts = [Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5), new Uint8Array(0)];
    const keys = parts.map((_, index) => `shard|model@1|path|${String(index)}|hash`);
    for (const index of [1, 0, 2]) await store.setPart(keys[index]!, parts[index]!, index * 3);
    await store.setPart("elsewhere", parts[1]!, 0);
    for (const [index, key] of keys.entries()) same(await bytesOf(store, key), parts[index]);
    same(await bytesOf(store, "elsewhere"), parts[1]);
    same([...(await store.keys())].sort(), ["elsewhere", ...keys]);
  },
  "replaces and deletes parts like any value": async (store) => {
    const [first, second] = [0, 1].map((index) => `shard|model@1|path|${String(index)}|hash`);
    await store.setPart(first!, Uint8Array.of(1, 2), 0);
    await store.setPart(second!, Uint8Array.of(3, 4), 2);
    await store.setPart(first!, Uint8Array.of(5, 6), 0);
    same(await bytesOf(store, first!), Uint8Array.of(5, 6));
    await store.delete([first!]);
    same(await store.get(first!), undefined);
    same(await bytesOf(store, second!), Uint8Array.of(3, 4));
    await store.delete([second!]);
    await store.setPart(first!, Uint8Array.of(7), 0);
    same(await bytesOf(store, first!), Uint8Array.of(7));
    await store.clear();
    same(await store.keys(), []);
  },
  "holds a chunk of a model's file": async (store) => {
    const chunk = new Uint8Array(4 * 2 ** 20).map((_, index) => index % 251);
    await store.set("a", chunk);
    same(await store.get("a"), chunk);
  },
};

/**
 * Runs all checks.
 *
 * @param create an empty store, another one at each call
 * @returns what failed, in words; empty when the store keeps its promises
 */
export async function checkStore(create: () => Store | Promise<Store>): Promise<string[]> {
  const failures: string[] = [];
  for (const [name, check] of Object.entries(STORE_CHECKS)) {
    try {
      await check(await create());
    } catch (error) {
      failures.push(`${name}: ${String(error)}`);
    }
  }
  return failures;
}

async function bytesOf(store: Store, key: string): Promise<unknown> {
  const value = await store.get(key);
  return value instanceof Blob ? new Uint8Array(await value.arrayBuffer()) : value;
}

export function same(actual: unknown, expected: unknown): void {
  if (isSame(actual, expected)) return;
  throw new Error(`got ${show(actual)} instead of ${show(expected)}`);
}

function isSame(a: unknown, b: unknown): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) {
    return a.length === b.length && a.every((byte, index) => byte === b[index]);
  }
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null)
    return Object.is(a, b);
  const [keysOfA, keysOfB] = [Object.keys(a), Object.keys(b)];
  return (
    Array.isArray(a) === Array.isArray(b) &&
    keysOfA.length === keysOfB.length &&
    keysOfA.every((key) => isSame(a[key as keyof typeof a], b[key as keyof typeof b]))
  );
}

function show(value: unknown): string {
  return value instanceof Uint8Array ? `${String(value.length)} bytes` : JSON.stringify(value);
}
