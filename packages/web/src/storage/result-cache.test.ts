import { describe, expect, it, vi } from "vitest";
import { createObservedStore } from "../../test/stores.ts";
import { createMemoryStore } from "./memory-store.ts";
import { createResilientStore } from "./resilient-store.ts";
import { createResultCache, type CachedResult } from "./result-cache.ts";
import type { Store } from "./store.ts";

function answer(text: string): CachedResult {
  return {
    text,
    finishReason: "stop",
    tokens: { image: 256, prompt: 20, reused: 0, output: 5 },
    confidence: { mean: 0.75, least: 0.5, firstTokenEntropy: 0.25 },
    images: [],
  };
}

/** A minute and a second later at every look: uses are written down once a minute. */
function clock(): () => number {
  let now = 0;
  return () => (now += 61_000);
}

// Each entry of one-letter key and text counts 516 bytes.
const ROOM_FOR_TWO = 2 * 516;

function open(store: Store = createMemoryStore(), maxBytes = ROOM_FOR_TWO, now = clock()) {
  return createResultCache(store, { maxBytes, maxAgeMs: Infinity, now });
}

describe("createResultCache", () => {
  it("remembers a result under its key, and only there", async () => {
    const cache = open();
    await cache.set("a", answer("A"));
    expect(await cache.get("a")).toEqual(answer("A"));
    expect(await cache.get("b")).toBeUndefined();
  });

  it("remembers across sessions", async () => {
    const store = createMemoryStore();
    await open(store).set("a", answer("A"));
    expect(await open(store).get("a")).toEqual(answer("A"));
  });

  it("forgets what was used least recently when it is over its size", async () => {
    const store = createMemoryStore();
    const cache = open(store);
    await cache.set("a", answer("A"));
    await cache.set("b", answer("B"));
    await cache.get("a");
    await cache.set("c", answer("C"));
    expect((await store.keys()).sort()).toEqual(["a", "c"]);
    expect(await cache.get("b")).toBeUndefined();
    expect(await cache.get("a")).toEqual(answer("A"));
  });

  it("counts uses of earlier sessions", async () => {
    const store = createMemoryStore();
    const now = clock();
    const first = open(store, ROOM_FOR_TWO, now);
    await first.set("a", answer("A"));
    await first.set("b", answer("B"));
    await first.get("a");
    await open(store, ROOM_FOR_TWO, now).set("c", answer("C"));
    expect((await store.keys()).sort()).toEqual(["a", "c"]);
  });

  it("counts a result anew when it is replaced", async () => {
    const store = createMemoryStore();
    const cache = open(store);
    await cache.set("a", answer("A"));
    await cache.set("b", answer("B"));
    await cache.set("a", answer("Z"));
    await cache.set("c", answer("C"));
    expect((await store.keys()).sort()).toEqual(["a", "c"]);
    expect(await cache.get("a")).toEqual(answer("Z"));
  });

  it("counts text by its length", async () => {
    const store = createMemoryStore();
    const cache = open(store);
    await cache.set("a", answer("A"));
    await cache.set("b", answer("B".repeat(2)));
    expect(await store.keys()).toEqual(["b"]);
  });

  it("keeps nothing that is larger than the whole cache", async () => {
    const store = createMemoryStore();
    const cache = open(store, 515);
    await cache.set("a", answer("A"));
    expect(await store.keys()).toEqual([]);
    expect(await cache.get("a")).toBeUndefined();
  });

  it.each([
    ["a string"],
    [null],
    [{ result: null, usedAt: 1 }],
    [{ result: { words: [] }, usedAt: 1 }],
    [{ result: answer("A") }],
  ])("ignores an entry of another kind: %o", async (foreign) => {
    const store = createMemoryStore();
    await store.set("foreign", foreign);
    const cache = open(store);
    expect(await cache.get("foreign")).toBeUndefined();
    await cache.set("a", answer("A"));
    await cache.set("b", answer("B"));
    await cache.set("c", answer("C"));
    expect((await store.keys()).sort()).toEqual(["b", "c", "foreign"]);
  });

  it("forgets everything when cleared, and remembers again after it", async () => {
    const store = createMemoryStore();
    const cache = open(store);
    await cache.set("a", answer("A"));
    await cache.clear();
    expect(await cache.get("a")).toBeUndefined();
    expect(await store.keys()).toEqual([]);
    await cache.set("b", answer("B"));
    expect(await cache.get("b")).toEqual(answer("B"));
  });

  it("reads the store once, however often it is asked", async () => {
    const store = createObservedStore();
    const cache = open(store);
    await Promise.all([cache.get("a"), cache.get("b")]);
    await cache.get("c");
    expect(store.requests).toEqual(["keys"]);
  });

  it.each(["before the first look-up", "later"])(
    "goes on when its store fails %s",
    async (when) => {
      const store = createObservedStore();
      const onDegraded = vi.fn();
      const cache = open(createResilientStore(store, onDegraded));
      if (when === "later") await cache.get("a");
      store.error = new Error("closed");
      await cache.set("a", answer("A"));
      expect(await cache.get("a")).toEqual(answer("A"));
      await cache.clear();
      expect(await cache.get("a")).toBeUndefined();
      expect(onDegraded).toHaveBeenCalledTimes(1);
    },
  );

  it("drops what nobody asked for during its age, at the first look of a session", async () => {
    const store = createMemoryStore();
    let time = 1000;
    const openAt = (now: number) => {
      time = now;
      return createResultCache(store, { maxBytes: 1e6, maxAgeMs: 100_000, now: () => time });
    };
    const first = openAt(1_000_000);
    await first.set("old", answer("A"));
    await first.set("used", answer("B"));
    time = 1_061_000;
    await first.get("used");
    const second = openAt(1_100_001);
    expect(await second.get("old")).toBeUndefined();
    expect(await second.get("used")).toEqual(answer("B"));
    expect(await store.keys()).toEqual(["used"]);
  });

  it("keeps what is exactly as old as its age allows", async () => {
    const store = createMemoryStore();
    const openAt = (now: number) =>
      createResultCache(store, { maxBytes: 1e6, maxAgeMs: 100, now: () => now });
    await openAt(1000).set("a", answer("A"));
    expect(await openAt(1100).get("a")).toEqual(answer("A"));
    expect(await openAt(1201).get("a")).toBeUndefined();
  });

  it("says how much room its entries take", async () => {
    const store = createMemoryStore();
    const cache = open(store);
    expect(await cache.usedBytes()).toBe(0);
    await cache.set("a", answer("A"));
    expect(await cache.usedBytes()).toBe(516);
    await cache.set("a", answer("AB"));
    expect(await cache.usedBytes()).toBe(518);
    expect(await open(store).usedBytes()).toBe(518);
    await cache.clear();
    expect(await cache.usedBytes()).toBe(0);
  });
});
