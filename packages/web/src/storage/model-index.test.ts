import { describe, expect, it, vi } from "vitest";
import type { StoredModel } from "../protocol/storage.ts";
import { modelKey, type ModelKey } from "./file-keys.ts";
import { createFileStore } from "./file-store.ts";
import { moveToCommit } from "./known-commits.ts";
import { createMemoryStore } from "./memory-store.ts";
import { createModelIndex, type EvictionSizes } from "./model-index.ts";
import type { Store } from "./store.ts";

function open(store: Store = createMemoryStore()) {
  const clock = { now: 1000 };
  const inUse = new Set<string>();
  const onEvicted = vi.fn<(model: StoredModel) => void>();
  const index = createModelIndex(store, {
    now: () => clock.now,
    listInUse: () => Promise.resolve(inUse),
    onEvicted,
  });
  return { store, clock, inUse, onEvicted, index, files: createFileStore(store) };
}

type Opened = ReturnType<typeof open>;

const keyOf = (id: string): ModelKey => modelKey({ id, revision: "1" });

/** A model of one file that is whole, used at `usedAt`. */
async function put({ clock, index, files }: Opened, id: string, bytes: number, usedAt: number) {
  clock.now = usedAt;
  await index.touch({ id, revision: "1", license: "mit" });
  const key = { model: keyOf(id), path: "weights" };
  const sha256 = `hash of ${id}`;
  const plan = { bytes, shardBytes: bytes, etag: undefined, sha256 };
  await files.begin(key, plan);
  await files.putShard(key, { index: 0, sha256 }, new Uint8Array(bytes), plan);
  await files.commit(key, { bytes, shardBytes: bytes, shards: [sha256], sha256 });
  await files.trust(key, { bytes, shardBytes: bytes, shards: [sha256] });
}

it("forgets with a model which branch it was", async () => {
  const opened = open();
  const commit = "c0ffee".padEnd(40, "0");
  await opened.index.touch({ id: "a", revision: commit, license: "mit" });
  await moveToCommit(opened.store, { id: "a", revision: "main" }, commit);
  await moveToCommit(opened.store, { id: "b", revision: "main" }, commit);
  await opened.index.remove(modelKey({ id: "a", revision: commit }));
  expect(await opened.store.keys()).toEqual(["commit|b@main"]);
});

describe("a list of models", () => {
  it("has the most recently used first, with their sizes and times", async () => {
    const opened = open();
    await put(opened, "a", 10, 1000);
    await put(opened, "b", 20, 2000);
    opened.clock.now = 3000;
    await opened.index.touch({ id: "a", revision: "1", license: "mit" });
    opened.inUse.add(keyOf("b"));
    const common = { revision: "1", license: "mit", isComplete: true };
    expect(await opened.index.list()).toEqual([
      {
        ...common,
        id: "a",
        storedBytes: 10,
        totalBytes: 10,
        isInUse: false,
        storedAt: 1000,
        usedAt: 3000,
      },
      {
        ...common,
        id: "b",
        storedBytes: 20,
        totalBytes: 20,
        isInUse: true,
        storedAt: 2000,
        usedAt: 2000,
      },
    ]);
  });

  it("counts what has arrived of a file, the short last shard too, without reading it", async () => {
    const { store, index, files } = open();
    await index.touch({ id: "a", revision: "1", license: "mit" });
    const key = { model: keyOf("a"), path: "onnx/a|b.onnx" };
    const sizes = async () => {
      const [{ storedBytes, totalBytes, isComplete } = { storedBytes: -1 }] = await index.list();
      return [storedBytes, totalBytes, isComplete];
    };
    expect(await sizes()).toEqual([0, 0, false]);
    const plan = { bytes: 250, shardBytes: 100, etag: undefined, sha256: undefined };
    await files.begin(key, plan);
    expect(await sizes()).toEqual([0, 250, false]);
    await files.putShard(key, { index: 2, sha256: "c" }, new Uint8Array(50), plan);
    expect(await sizes()).toEqual([50, 250, false]);
    await files.putShard(key, { index: 0, sha256: "a" }, new Uint8Array(100), plan);
    const get = vi.spyOn(store, "get");
    expect(await sizes()).toEqual([150, 250, false]);
    expect(get.mock.calls.flat().filter((one) => one.startsWith("shard|"))).toEqual([]);
  });

  it("keeps revisions of a model apart, and names apart that look alike", async () => {
    const { index } = open();
    for (const [id, revision] of [
      ["a", "1"],
      ["a", "2"],
      ["a@1", ""],
      ["a|", "1"],
    ] as const) {
      await index.touch({ id, revision, license: "mit" });
    }
    expect(await index.list()).toHaveLength(4);
    await index.remove(modelKey({ id: "a", revision: "1" }));
    expect(await index.list()).toHaveLength(3);
  });
});

describe("removing a model", () => {
  it("leaves nothing of it, not even what it was trusted to be, and all of the others", async () => {
    const opened = open();
    await put(opened, "a", 10, 1000);
    const keysOfA = await opened.store.keys();
    await put(opened, "ab", 10, 1000);
    await opened.index.remove(keyOf("ab"));
    expect(await opened.store.keys()).toEqual(keysOfA);
  });

  it("that breaks off leaves nothing that counts as a model", async () => {
    const inner = createMemoryStore();
    await put(open(inner), "a", 10, 1000);
    let deletions = 0;
    const dying: Store = {
      ...inner,
      delete: (keys) => (++deletions > 1 ? Promise.reject(new Error("died")) : inner.delete(keys)),
    };
    await expect(open(dying).index.remove(keyOf("a"))).rejects.toThrow("died");
    expect(await open(inner).index.list()).toEqual([]);
    const file = { model: keyOf("a"), path: "weights" };
    expect(await createFileStore(inner).readRecord(file, {})).toBeUndefined();
  });
});

describe("an eviction", () => {
  async function openFour() {
    const opened = open();
    await put(opened, "d", 40, 4000);
    await put(opened, "a", 10, 1000);
    await put(opened, "c", 30, 3000);
    await put(opened, "b", 20, 2000);
    return opened;
  }
  const NONE = new Set<string>();
  const idsOf = async ({ index }: Opened) => (await index.list()).map(({ id }) => id);

  it("takes the least recently used first, until it is told that it is enough", async () => {
    const opened = await openFour();
    const asked: [string, EvictionSizes][] = [];
    const freed = await opened.index.evict((oldest, sizes) => {
      asked.push([oldest.id, sizes]);
      return sizes.leftBytes > 60;
    }, NONE);
    expect(freed).toBe(60);
    expect(asked).toEqual([
      ["a", { freedBytes: 0, leftBytes: 100 }],
      ["b", { freedBytes: 10, leftBytes: 90 }],
      ["c", { freedBytes: 30, leftBytes: 70 }],
      ["d", { freedBytes: 60, leftBytes: 40 }],
    ]);
    expect(await idsOf(opened)).toEqual(["d"]);
    expect(opened.onEvicted.mock.calls.map(([{ id }]) => id)).toEqual(["a", "b", "c"]);
  });

  it("spares what is to be kept and what any worker has loaded", async () => {
    const opened = await openFour();
    opened.inUse.add(keyOf("a"));
    const freed = await opened.index.evict(() => true, new Set([keyOf("c")]));
    expect(freed).toBe(60);
    expect(await idsOf(opened)).toEqual(["c", "a"]);
  });

  it("by age spares what was used since", async () => {
    const opened = await openFour();
    await opened.index.evict(({ usedAt }) => usedAt < 3000, NONE);
    expect(await idsOf(opened)).toEqual(["d", "c"]);
  });

  it("has nothing to take where nothing is stored", async () => {
    const { index, onEvicted } = open();
    await index.touch({ id: "a", revision: "1", license: "mit" });
    expect(await index.evict(() => true, NONE)).toBe(0);
    expect(onEvicted).not.toHaveBeenCalled();
  });
});
