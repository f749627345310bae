import { describe, expect, it } from "vitest";
import { damageShard, hashHex, KEY, makeBytes, shardKeys } from "../../test/model-download.ts";
import { createObservedStore } from "../../test/stores.ts";
import { fileRecordKey, planKey, shardKey } from "./file-keys.ts";
import { countShards, shardLength, type FilePlan, type FileRecord } from "./file-record.ts";
import { createFileStore } from "./file-store.ts";
import { createMemoryStore } from "./memory-store.ts";
import { openWholeFile, readWholeFile } from "./read-file.ts";

const BYTES = makeBytes(250);
const PLAN: FilePlan = { bytes: 250, shardBytes: 100, etag: '"a"', sha256: undefined };
const PARTS = [BYTES.slice(0, 100), BYTES.slice(100, 200), BYTES.slice(200)];
const RECORD: FileRecord = {
  bytes: 250,
  shardBytes: 100,
  shards: PARTS.map(hashHex),
  sha256: undefined,
};

/** A file store with the first shards of a file. */
async function open(shards = 3, store = createObservedStore()) {
  const files = createFileStore(store);
  await files.begin(KEY, PLAN);
  for (const [index, part] of PARTS.slice(0, shards).entries()) {
    await files.putShard(KEY, { index, sha256: hashHex(part) }, part, PLAN);
  }
  return { store, files };
}

describe("a file that is begun", () => {
  it("goes on with the shards of the same plan", async () => {
    const { files } = await open(2);
    const { plan, shards } = await files.begin(KEY, PLAN);
    expect(plan).toEqual(PLAN);
    expect(shards).toEqual(new Map(RECORD.shards.slice(0, 2).entries()));
  });

  it("remembers the server's name for it where the new plan knows none", async () => {
    const { files } = await open(1);
    const { plan, shards } = await files.begin(KEY, { ...PLAN, etag: undefined });
    expect(plan.etag).toBe('"a"');
    expect(shards.size).toBe(1);
  });

  it.each<[string, Partial<FilePlan>]>([
    ["name on the server", { etag: '"b"' }],
    ["size", { bytes: 251 }],
    ["size of shards", { shardBytes: 50 }],
    ["hash", { sha256: "ab" }],
  ])("begins anew with another %s", async (_, change) => {
    const { files, store } = await open(2);
    const { shards } = await files.begin(KEY, { ...PLAN, ...change });
    expect(shards.size).toBe(0);
    expect(await store.keys()).toEqual([planKey(KEY)]);
  });

  it("takes nothing of another file or revision for its own", async () => {
    const { files } = await open(2);
    for (const other of [
      { ...KEY, path: `${KEY.path}2` },
      { ...KEY, model: `${KEY.model}2` as typeof KEY.model },
    ]) {
      expect((await files.begin(other, PLAN)).shards.size).toBe(0);
      await files.remove(other);
    }
    expect((await files.begin(KEY, PLAN)).shards.size).toBe(2);
  });
});

describe("a shard whose Blob cannot be read", () => {
  const openUnreadable = async (failure: Error) => {
    const { files, store } = await open(1);
    const blob = Object.assign(new Blob(), { arrayBuffer: () => Promise.reject(failure) });
    const [key] = await shardKeys(store);
    await store.set(key!, blob);
    return { files, store };
  };

  it("is missing where the browser has lost its file", async () => {
    const { files, store } = await openUnreadable(new DOMException("gone", "NotFoundError"));
    expect(await files.readShard(KEY, 0, RECORD.shards[0]!)).toBeUndefined();
    expect(await shardKeys(store)).toEqual([]);
  });

  it("is not missing, and is not removed, where the mistake is ours", async () => {
    const mistake = new TypeError("undefined is not a function");
    const { files, store } = await openUnreadable(mistake);
    await expect(files.readShard(KEY, 0, RECORD.shards[0]!)).rejects.toBe(mistake);
    expect(await shardKeys(store)).toHaveLength(1);
  });
});

describe("a file that is whole", () => {
  it("keeps its own shards only, and its plan goes after its record came", async () => {
    const { files, store } = await open();
    const stray = { index: 1, sha256: "ab" };
    await files.putShard(KEY, stray, PARTS[0]!, PLAN);
    await files.putShard(KEY, { index: 7, sha256: "cd" }, PARTS[0]!, PLAN);
    store.requests.length = 0;
    await files.commit(KEY, RECORD);
    expect(store.requests[0]).toBe(`set ${fileRecordKey(KEY)}`);
    expect(await shardKeys(store)).toEqual(
      RECORD.shards.map((sha256, index) => shardKey(KEY, { index, sha256 })),
    );
    expect(await files.readPlan(KEY)).toBeUndefined();
  });

  it.each([
    [{}, true],
    [{ sha256: "ab" }, false],
    [{ shards: { bytes: 100, sha256: RECORD.shards } }, true],
    [{ shards: { bytes: 100, sha256: [...RECORD.shards].reverse() } }, false],
  ])("is of the manifest's %j: %s", async (manifest, isOf) => {
    const { files } = await open();
    await files.commit(KEY, RECORD);
    expect(await files.readRecord(KEY, manifest)).toEqual(isOf ? RECORD : undefined);
  });

  it("may be cut otherwise than the manifest has it where the whole hash is the same", async () => {
    const { files } = await open();
    await files.commit(KEY, { ...RECORD, sha256: "ab" });
    const shards = { bytes: 50, sha256: ["cd"] };
    expect(await files.readRecord(KEY, { sha256: "ab", shards })).toBeDefined();
  });

  it("that is opened again has its intact shards, and no record", async () => {
    const { files } = await open();
    await files.commit(KEY, RECORD);
    await files.reopen(KEY, RECORD);
    expect(await files.readRecord(KEY, {})).toBeUndefined();
    expect((await files.begin(KEY, PLAN)).shards.size).toBe(3);
  });

  it("that is removed does not count from the first step on, and stays trusted", async () => {
    const { files, store } = await open();
    await files.commit(KEY, RECORD);
    await files.trust(KEY, RECORD);
    store.requests.length = 0;
    await files.remove(KEY);
    expect(store.requests[0]).toContain(`delete ${fileRecordKey(KEY)}`);
    expect(await store.keys()).toHaveLength(1);
    expect(await files.readTrust(KEY)).toEqual({
      bytes: 250,
      shardBytes: 100,
      shards: RECORD.shards,
    });
  });
});

describe("reading a file", () => {
  it("gives its bytes, all or some", async () => {
    const { files } = await open();
    expect(await readWholeFile(files, KEY, RECORD)).toEqual(BYTES);
    const whole = (await openWholeFile(files, KEY, RECORD))!;
    expect(whole.size).toBe(250);
    expect(whole.read(90, 210)).toEqual(BYTES.slice(90, 210));
    whole.close();
  });

  it.each([readWholeFile, openWholeFile])(
    "gives nothing, and removes every damaged shard, not the others: $name",
    async (read) => {
      const { files, store } = await open();
      const keys = await shardKeys(store);
      await damageShard(store, keys[0]!, PARTS[1]!);
      await damageShard(store, keys[2]!, PARTS[2]!.slice(1));
      expect(await read(files, KEY, RECORD)).toBeUndefined();
      expect(await shardKeys(store)).toEqual([keys[1]]);
    },
  );

  it.each([readWholeFile, openWholeFile])(
    "gives nothing where the record does not list all shards: $name",
    async (read) => {
      const { files } = await open();
      const record = { ...RECORD, shards: RECORD.shards.slice(0, 2) };
      expect(await read(files, KEY, record)).toBeUndefined();
    },
  );

  it("reads a few shards ahead, and no more", async () => {
    const inner = createMemoryStore();
    const files = createFileStore(inner);
    const hashes: string[] = [];
    for (let index = 0; index < 20; index++) {
      const part = makeBytes(10, index + 1);
      hashes.push(hashHex(part));
      await files.putShard(KEY, { index, sha256: hashes[index]! }, part, {
        bytes: 200,
        shardBytes: 10,
      });
    }
    let [now, most] = [0, 0];
    const observed = createFileStore({
      ...inner,
      get: async (key) => {
        most = Math.max(most, ++now);
        await new Promise((resolve) => setTimeout(resolve, 2));
        now--;
        return inner.get(key);
      },
    });
    const record = { bytes: 200, shardBytes: 10, shards: hashes, sha256: undefined };
    expect(await readWholeFile(observed, KEY, record)).toHaveLength(200);
    expect(most).toBe(3);
  });
});

describe("the shape of a file", () => {
  it.each([
    [0, 100, []],
    [1, 100, [1]],
    [100, 100, [100]],
    [101, 100, [100, 1]],
    [250, 100, [100, 100, 50]],
  ])("of %d bytes in shards of %d is %j", (bytes, shardBytes, lengths) => {
    const shape = { bytes, shardBytes };
    expect(countShards(shape)).toBe(lengths.length);
    expect(lengths.map((_, index) => shardLength(shape, index))).toEqual(lengths);
  });
});
