import { describe, expect, it } from "vitest";
import { createObservedStore } from "../../test/stores.ts";
import { createMemoryStore } from "./memory-store.ts";
import { createImageCache } from "./image-cache.ts";
import { createResilientStore } from "./resilient-store.ts";

const IMAGE = { key: "256:ab", width: 640, height: 480, size: 256 };
/** What is asked for where only the key matters. */
const ANY = { tokens: 1, hidden: undefined };
const features = (count: number) => ({ tokens: 1, values: new Float32Array(count).fill(count) });

/** What features of so many numbers count. */
const counted = (count: number): number => 1024 + 4 * count;

function open({ store = createMemoryStore(), maxBytes = 1e6 } = {}) {
  const clock = { now: 0 };
  return { store, clock, cache: createImageCache(store, { maxBytes, now: () => clock.now }) };
}

describe("what is known of images", () => {
  it("is there in a later session", async () => {
    const { store, cache } = open();
    await cache.name("file", IMAGE);
    await cache.setFeatures("256:ab", features(10));
    const later = open({ store }).cache;
    expect(await later.recognise("file")).toEqual(IMAGE);
    expect(await later.getFeatures("256:ab", ANY)).toEqual(features(10));
    expect(await later.recognise("256:ab")).toBeUndefined();
    expect(await later.getFeatures("file", ANY)).toBeUndefined();
  });

  it("has the keys of an image's tiles", async () => {
    const { store, cache } = open();
    const image = { ...IMAGE, tileKeys: ["64:ab", "64:cd"] };
    await cache.name("file", image);
    expect(await open({ store }).cache.recognise("file")).toEqual(image);
  });

  it("counts its bytes, and goes when it is cleared", async () => {
    const { store, cache } = open();
    expect(await cache.usedBytes()).toBe(0);
    await cache.name("file", IMAGE);
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
    await cache.getFeatures("a", ANY);
    clock.now += 61_000;
    await cache.setFeatures("c", features(100));
    expect(await cache.getFeatures("b", ANY)).toBeUndefined();
    expect(await cache.getFeatures("a", ANY)).toBeDefined();
    expect(await cache.usedBytes()).toBe(2 * counted(100));
  });

  it("is not kept where it is larger than all that may be kept", async () => {
    const { store, cache } = open({ maxBytes: counted(100) });
    await cache.setFeatures("small", features(100));
    await cache.setFeatures("large", features(101));
    expect(await cache.getFeatures("large", ANY)).toBeUndefined();
    expect(await cache.getFeatures("small", ANY)).toBeDefined();
    expect(await store.keys()).not.toContain("features|large");
  });

  it("writes a use down once a minute", async () => {
    const store = createObservedStore();
    const { clock, cache } = open({ store });
    await cache.setFeatures("a", features(1));
    store.requests.length = 0;
    for (let second = 0; second < 120; second++) {
      clock.now += 1000;
      await cache.getFeatures("a", ANY);
    }
    expect(store.requests.filter((request) => request.startsWith("update"))).toHaveLength(1);
  });

  it("is named without a request once it was warmed, and no more after it was cleared", async () => {
    const store = createObservedStore();
    const { cache } = open({ store });
    await cache.name("file", IMAGE);
    await cache.setFeatures("256:ab", features(10));
    const later = open({ store }).cache;
    await later.warm();
    store.requests.length = 0;
    expect(await later.recognise("file")).toEqual(IMAGE);
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
    expect(await cache.getFeatures("a", ANY)).toEqual(features(1)); // From memory.
  });
});

describe("what was stored is not believed", () => {
  const SHAPE = { tokens: 2, hidden: 3 };
  const values = (...numbers: number[]) => Float32Array.from(numbers);

  it("features that are right come back", async () => {
    const { cache } = open();
    await cache.setFeatures("a", { tokens: 2, values: values(1, 2, 3, 4, 5, 6) });
    expect(await cache.getFeatures("a", SHAPE)).toEqual({
      tokens: 2,
      values: values(1, 2, 3, 4, 5, 6),
    });
  });

  it.each<[string, unknown]>([
    ["other tokens", { tokens: 3, values: values(1, 2, 3, 4, 5, 6) }],
    ["another length of a token", { tokens: 2, values: values(1, 2, 3, 4) }],
    ["too few numbers", { tokens: 2, values: values(1, 2, 3, 4, 5) }],
    ["no numbers", { tokens: 2, values: values() }],
    ["a number that is none", { tokens: 2, values: values(1, 2, NaN, 4, 5, 6) }],
    ["an infinite number", { tokens: 2, values: values(1, 2, 3, 4, 5, Infinity) }],
    ["bytes", { tokens: 2, values: new Uint8Array(6) }],
    ["a list", { tokens: 2, values: [1, 2, 3, 4, 5, 6] }],
    ["half a token", { tokens: 0.5, values: values(1, 2, 3) }],
    ["text", "features"],
    ["nothing", null],
  ])("features with %s go, and are not there", async (_, stored) => {
    const { store, cache } = open();
    await store.set("features|a", stored);
    expect(await cache.getFeatures("a", SHAPE)).toBeUndefined();
    expect(await store.get("features|a")).toBeUndefined();
  });

  it("features of a size that is not known yet are held to whole tokens", async () => {
    const { store, cache } = open();
    const shape = { tokens: 2, hidden: undefined };
    await store.set("features|a", { tokens: 2, values: values(1, 2, 3) });
    expect(await cache.getFeatures("a", shape)).toBeUndefined();
    await store.set("features|a", { tokens: 2, values: values(1, 2) });
    expect(await cache.getFeatures("a", shape)).toBeDefined();
  });

  it.each([{ ...IMAGE, size: "256" }, { ...IMAGE, width: NaN }, { key: "" }, [], "image"])(
    "the name of a file does not lead to %j",
    async (stored) => {
      const { store, cache } = open();
      await store.set("name|file", stored);
      expect(await cache.recognise("file")).toBeUndefined();
      expect(await store.keys()).toEqual([]);
    },
  );

  it("an index that is none is an empty one", async () => {
    for (const index of ["index", [], { a: null, b: { bytes: -1, usedAt: 0 }, c: { bytes: 1 } }]) {
      const { store, cache } = open();
      await store.set("index", index);
      expect(await cache.usedBytes()).toBe(0);
      await cache.warm();
      await cache.setFeatures("a", features(10));
      expect(await cache.usedBytes()).toBe(counted(10));
    }
  });
});
