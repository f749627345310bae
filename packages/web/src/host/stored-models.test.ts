import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { toStorageOptions } from "../client/storage-settings.ts";
import type { CacheOptions } from "../api/cache-options.ts";
import { modelKey } from "../storage/file-keys.ts";
import { openStoredModels, type StoredModels } from "./stored-models.ts";

beforeEach(() => {
  vi.stubGlobal("navigator", {}); // Neither locks nor an estimate, as on pages without https.
  vi.useFakeTimers({ toFake: ["Date"], now: 1000 });
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

async function open(cache: CacheOptions = {}) {
  const report = { onDegraded: vi.fn(), onRestored: vi.fn(), onEvicted: vi.fn() };
  const library = await openStoredModels(toStorageOptions({ storage: "memory", ...cache }), report);
  return { library, report };
}

/** Another session's model of so many bytes, used then. */
async function put(library: StoredModels, id: string, bytes: number, usedAt: number) {
  const model = modelKey({ id, revision: "1" });
  const known = { id, revision: "1", license: "mit", storedAt: usedAt, usedAt };
  await library.stores.models.set(`model|${model}`, known);
  const key = { model, path: "weights" };
  const shape = { bytes, shardBytes: bytes };
  await library.files.putShard(key, { index: 0, sha256: id }, new Uint8Array(bytes), shape);
  await library.files.commit(key, { ...shape, shards: [id], sha256: undefined });
}

const idsOf = async (library: StoredModels) => (await library.list()).map(({ id }) => id);

describe("a model library", () => {
  it("lists what is stored, and what this worker uses as in use", async () => {
    const { library } = await open();
    await put(library, "a", 10, 500);
    await library.touch({ id: "b", revision: "1", license: "mit" });
    expect(await library.list()).toMatchObject([
      { id: "b", isInUse: true, storedBytes: 0, usedAt: 1000 },
      { id: "a", isInUse: false, storedBytes: 10, usedAt: 500 },
    ]);
  });

  it("removes the least recently used models above its size, never what this worker uses", async () => {
    const { library, report } = await open({ maxModelBytes: 25 });
    for (const [index, id] of ["a", "b", "c", "d"].entries()) await put(library, id, 10, index);
    await library.touch({ id: "a", revision: "1", license: "mit" });
    await library.enforceLimits();
    expect((await idsOf(library)).sort()).toEqual(["a", "d"]);
    expect(report.onEvicted).toHaveBeenCalledTimes(2);
  });

  it("removes models that nobody used during their age", async () => {
    const { library } = await open({ maxModelAgeMs: 600 });
    await put(library, "old", 10, 399);
    await put(library, "young", 10, 400);
    await library.enforceLimits();
    expect(await idsOf(library)).toEqual(["young"]);
  });

  it("removes nothing below its limits", async () => {
    const { library } = await open();
    await put(library, "a", 10, 0);
    await library.enforceLimits();
    expect(await idsOf(library)).toEqual(["a"]);
  });

  it("deletes a model, one revision of it, or all", async () => {
    const { library } = await open();
    for (const revision of ["1", "2"]) {
      await library.touch({ id: "a", revision, license: "mit" });
    }
    await library.touch({ id: "b", revision: "1", license: "mit" });
    await library.delete("a", "2");
    expect((await library.list()).map(({ id, revision }) => id + revision).sort()).toEqual([
      "a1",
      "b1",
    ]);
    await library.delete("a", undefined);
    expect(await idsOf(library)).toEqual(["b"]);
    await library.deleteAll();
    expect(await idsOf(library)).toEqual([]);
  });

  it("measures models and results, and says where the browser tells nothing", async () => {
    const { library } = await open();
    await put(library, "a", 10, 0);
    const confidence = { mean: 1, least: 1, firstTokenEntropy: 0 };
    const result = { text: "A", finishReason: "stop", confidence, images: [] } as const;
    await library.results.set("a", {
      ...result,
      tokens: { image: 1, prompt: 1, reused: 0, output: 1 },
    });
    expect(await library.usage()).toEqual({
      modelBytes: 10,
      resultBytes: 516,
      featureBytes: 0,
      usageBytes: undefined,
      quotaBytes: undefined,
      isPersisted: false,
    });
  });

  it("passes on what the browser tells of its room", async () => {
    vi.stubGlobal("navigator", {
      storage: {
        estimate: () => Promise.resolve({ usage: 5, quota: 50 }),
        persisted: () => Promise.resolve(true),
      },
    });
    const { library } = await open();
    expect(await library.usage()).toMatchObject({
      usageBytes: 5,
      quotaBytes: 50,
      isPersisted: true,
    });
  });

  it("does not ask to keep what is only in memory", async () => {
    const { library } = await open();
    expect(await library.shouldAskToPersist()).toBe(false);
  });

  it("says once that it cannot store, and goes on", async () => {
    const { library, report } = await open({ storage: "indexed-db" }); // Node has none.
    expect(report.onDegraded).toHaveBeenCalledTimes(1);
    await library.touch({ id: "a", revision: "1", license: "mit" });
    expect(await idsOf(library)).toEqual(["a"]);
  });
});
