import { describe, expect, it } from "vitest";
import { damageShard, hashHex, KEY, makeBytes, shardKeys } from "../../test/model-download.ts";
import type { FileRecord } from "../storage/file-record.ts";
import { createFileStore, SHARD_BYTES } from "../storage/file-store.ts";
import { createMemoryStore } from "../storage/memory-store.ts";
import { derivedFile } from "./derived-file.ts";

const SOURCE: FileRecord = { bytes: 3, shardBytes: 3, shards: ["ab"], sha256: undefined };
const BYTES = makeBytes(2 * SHARD_BYTES + 100);

/** The same bytes, cut anywhere. */
function* pieces(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += size) {
    yield bytes.subarray(start, start + size);
  }
}

function create() {
  const store = createMemoryStore();
  const files = createFileStore(store);
  return { store, open: (kind = "a", source = SOURCE) => derivedFile(files, KEY, kind, source) };
}

async function contentOf(derived: Awaited<ReturnType<typeof derivedFile>>): Promise<unknown> {
  const file = await derived.open();
  return typeof file === "object" ? hashHex(file.read(0, file.size)) : file;
}

describe("a derived file", () => {
  it.each([1_000_003, SHARD_BYTES, 3 * SHARD_BYTES])(
    "is what was written, in pieces of %d bytes, also in a later session",
    async (size) => {
      const { open } = create();
      expect(await contentOf(await open())).toBeUndefined();
      await (await open()).write(BYTES.length, pieces(BYTES, size));
      expect(await contentOf(await open())).toBe(hashHex(BYTES));
    },
  );

  it("is none of another source, or made in another way; a new one takes its place", async () => {
    const { store, open } = create();
    await (await open()).write(BYTES.length, pieces(BYTES, SHARD_BYTES));
    for (const other of [open("b"), open("a", { ...SOURCE, shards: ["cd"] })]) {
      expect(await contentOf(await other)).toBeUndefined();
    }
    expect(await contentOf(await open("a", { ...SOURCE, sha256: "ef" }))).toBeUndefined();
    await (await open("b")).write(5, [makeBytes(5)]);
    expect(await contentOf(await open("b"))).toBe(hashHex(makeBytes(5)));
    expect(await contentOf(await open())).toBeUndefined();
    expect(await shardKeys(store)).toHaveLength(1);
  });

  it("is none when some of it is damaged, and can be written again", async () => {
    const { store, open } = create();
    await (await open()).write(BYTES.length, pieces(BYTES, SHARD_BYTES));
    await damageShard(store, (await shardKeys(store))[1]!, makeBytes(7));
    expect(await contentOf(await open())).toBeUndefined();
    await (await open()).write(BYTES.length, pieces(BYTES, SHARD_BYTES));
    expect(await contentOf(await open())).toBe(hashHex(BYTES));
  });

  it("does not count when writing it was cut short", async () => {
    const { open } = create();
    const failing = function* (): Generator<Uint8Array> {
      yield BYTES.subarray(0, SHARD_BYTES + 5);
      throw new Error("cut short");
    };
    const derived = await open();
    await expect(derived.write(BYTES.length, failing())).rejects.toThrow("cut short");
    expect(await contentOf(await open())).toBeUndefined();
  });

  it("that was refused stays so, for this source only", async () => {
    const { store, open } = create();
    await (await open()).write(BYTES.length, pieces(BYTES, SHARD_BYTES));
    await (await open()).refuse();
    expect(await contentOf(await open())).toBe("refused");
    expect(await contentOf(await open("b"))).toBeUndefined();
    expect(await shardKeys(store)).toEqual([]);
  });

  it("has an origin of its own: no text stands where a hash belongs", async () => {
    const { store, open } = create();
    await (await open()).write(BYTES.length, pieces(BYTES, SHARD_BYTES));
    const [key] = (await store.keys()).filter((one) => one.startsWith("file|"));
    const record = (await store.get(key!)) as FileRecord;
    expect(record.sha256).toBeUndefined();
    expect(record.origin).toMatch(/^a of /);
    // As an earlier version of the kit stored it: it is made again.
    const { origin, ...old } = record;
    await store.set(key!, { ...old, sha256: origin });
    expect(await contentOf(await open())).toBeUndefined();
    await (await open()).write(5, [makeBytes(5)]);
    expect(await contentOf(await open())).toBe(hashHex(makeBytes(5)));
  });
});
