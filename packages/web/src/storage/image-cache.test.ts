import { describe, expect, it } from "vitest";
import { createObservedStore } from "../../test/stores.ts";
import { createMemoryStore } from "./memory-store.ts";
import { createImageCache } from "./image-cache.ts";
import { createResilientStore } from "./resilient-store.ts";

const PICTURE = { key: "256:ab", width: 640, height: 480, size: 256 };
const features = (count: number) => ({ tokens: 1, values: new Float32Array(count).fill(count) });

/** What features of so many numbers count. */
const counted = (count: number): number => 1024 + 4 * count;

function open({ store = createMemoryStore(), maxBytes = 1e6 } = {}) {
  const clock = { now: 0 };
  return { store, clock, cache: createImageCache(store, { maxBytes, now: () => clock.now }) };
}

describe("what is known of pictures", () => {
  it("is there in a later session", async () => {
    const { store, cache } = open();
    await cache.name("file", PICTURE);
    await cache.setFeatures("256:ab", features(10));
    const later = open({ store }).cache;
    expect(await later.recognise("file")).toEqual(PICTURE);
    expect(await later.getFeatures("256:ab")).toEqual(features(10));
    expect(await later.recognise("256:ab")).toBeUndefined();
    expect(await later.getFeatures("file")).toBeUndefined();
  });

  it("counts its bytes, and goes when it is cleared", async () => {
    const { store, cache } = open();
    expect(await cache.usedBytes()).toBe(0);
    await cache.name("file", PICTURE);
    await cache.setFeatures("a", features(10));
    await cache.setFeatures("a", features(20));
    expect(await cache.usedBytes()).toBe(counted(0) + counted(20));
    await cache.clear();
    expect(await cache.usedBytes()).toBe(0);
    expect(await store.keys()).toEqual([]);
  });

  it("gives way, the least recently used first, to the minute", async () => {
    const { clock, cache } = open({ maxBytes: 2 * counted(100) });
    await cache.setFeatures("a", features(100));
    clock.now += 61_000;
    await cache.setFeatures("b", features(100));
    clock.now += 61_000;
    await cache.getFeatures("a");
    clock.now += 61_000;
    await cache.setFeatures("c", features(100));
    expect(await cache.getFeatures("b")).toBeUndefined();
    expect(await cache.getFeatures("a")).toBeDefined();
    expect(await cache.usedBytes()).toBe(2 * counted(100));
  });

  it("is not kept where it is larger than all that may be kept", async () => {
    const { store, cache } = open({ maxBytes: counted(100) });
    await cache.setFeatures("small", features(100));
    await cache.setFeatures("large", features(101));
    expect(await cache.getFeatures("large")).toBeUndefined();
    expect(await cache.getFeatures("small")).toBeDefined();
    expect((await store.keys()).sort()).toEqual(["features|small", "index"]);
  });

  it("writes a use down once a minute", async () => {
    const store = createObservedStore();
    const { clock, cache } = open({ store });
    await cache.setFeatures("a", features(1));
    store.requests.length = 0;
    for (let second = 0; second < 120; second++) {
      clock.now += 1000;
      await cache.getFeatures("a");
    }
    expect(store.requests.filter((request) => request.startsWith("update"))).toHaveLength(1);
  });

  it("is named without a request once it was warmed, and no more after it was cleared", async () => {
    const store = createObservedStore();
    const { cache } = open({ store });
    await cache.name("file", PICTURE);
    await cache.setFeatures("256:ab", features(10));
    const later = open({ store }).cache;
    await later.warm();
    store.requests.length = 0;
    expect(await later.recognise("file")).toEqual(PICTURE);
    expect(store.requests.filter((request) => !request.startsWith("update"))).toEqual([]);
    expect(await later.recognise("other")).toBeUndefined();
    await later.clear();
    expect(await later.recognise("file")).toBeUndefined();
  });

  it("is nothing, and no error, where the store fails", async () => {
    const broken = createObservedStore();
    broken.error = new Error("broken");
    const { cache } = open({ store: createResilientStore(broken, () => undefined) });
    await cache.setFeatures("a", features(1));
    expect(await cache.getFeatures("a")).toEqual(features(1)); // From memory.
  });
});
