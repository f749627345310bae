/** Nothing that is stored is believed: what is no record of this kit is as good as none. */

import { describe, expect, it } from "vitest";
import { fileRecordKey, modelKey, modelRecordKey, planKey, trustKey } from "./file-keys.ts";
import { createFileStore } from "./file-store.ts";
import { createMemoryStore } from "./memory-store.ts";
import { createModelIndex } from "./model-index.ts";
import { createResultCache } from "./result-cache.ts";

const model = modelKey({ id: "a", revision: "1" });
const KEY = { model, path: "config.json" };
const HASH = "0".repeat(64);
const RECORD = { bytes: 3, shardBytes: 3, shards: [HASH], sha256: HASH };

const WRONG: unknown[] = [
  null,
  "record",
  [RECORD],
  { ...RECORD, bytes: "3" },
  { ...RECORD, bytes: NaN },
  { ...RECORD, bytes: -1 },
  { ...RECORD, shardBytes: 0 },
];

describe("what is stored of a file", () => {
  it("is read as it was written", async () => {
    const files = createFileStore(createMemoryStore());
    await files.commit(KEY, RECORD);
    expect(await files.readRecord(KEY, {})).toEqual(RECORD);
    await files.savePlan(KEY, { ...RECORD, etag: undefined });
    expect(await files.readPlan(KEY)).toEqual({
      bytes: 3,
      shardBytes: 3,
      etag: undefined,
      sha256: HASH,
    });
  });

  it.each([
    ...WRONG,
    { ...RECORD, shards: "0" },
    { ...RECORD, shards: [1] },
    { ...RECORD, sha256: "int8 of 0" },
  ])("is no record: %j", async (stored) => {
    const store = createMemoryStore();
    const files = createFileStore(store);
    await store.set(fileRecordKey(KEY), stored);
    expect(await files.readRecord(KEY, {})).toBeUndefined();
  });

  it.each([...WRONG, { ...RECORD, etag: 7 }])("is no plan: %j", async (stored) => {
    const store = createMemoryStore();
    await store.set(planKey(KEY), stored);
    expect(await createFileStore(store).readPlan(KEY)).toBeUndefined();
  });

  it.each([...WRONG, { ...RECORD, shards: undefined }])("is no trust: %j", async (stored) => {
    const store = createMemoryStore();
    await store.set(trustKey(KEY), stored);
    expect(await createFileStore(store).readTrust(KEY)).toBeUndefined();
  });
});

it("what is stored of a model is left out of the list where it is no record", async () => {
  const store = createMemoryStore();
  const index = createModelIndex(store, {
    now: () => 7,
    listInUse: () => Promise.resolve(new Set()),
    onEvicted: () => undefined,
  });
  const right = { id: "a", revision: "1", license: "mit", storedAt: 1, usedAt: 2 };
  await store.set(modelRecordKey(modelKey({ id: "b", revision: "1" })), { ...right, usedAt: "2" });
  await store.set(modelRecordKey(model), right);
  await store.set(fileRecordKey(KEY), { ...RECORD, bytes: NaN });
  expect(await index.list()).toMatchObject([{ ...right, totalBytes: 0 }]);
});

it.each([
  { finishReason: "done" },
  { tokens: { image: 1 } },
  { confidence: undefined },
  { confidence: { mean: 2, least: 0.5, firstTokenEntropy: 0.25 } },
  { images: [{ width: "1" }] },
  { text: undefined },
])("an answer with %j is none, and goes", async (change) => {
  const result = {
    text: "A cat.",
    finishReason: "stop",
    tokens: { image: 1, prompt: 1, reused: 0, output: 1 },
    confidence: { mean: 0.75, least: 0.5, firstTokenEntropy: 0.25 },
    images: [],
  } as const;
  const store = createMemoryStore();
  await store.set("right", { result, usedAt: 1 });
  await store.set("wrong", { result: { ...result, ...change }, usedAt: 1 });
  const cache = createResultCache(store, { maxBytes: 1e6, maxAgeMs: 1e6, now: () => 2 });
  expect(await cache.get("right")).toEqual(result);
  expect(await cache.get("wrong")).toBeUndefined();
});
