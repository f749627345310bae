import { describe, expect, it } from "vitest";
import { checkStore } from "../../test/contracts/store.ts";
import { hashHex, KEY, makeBytes, shardKeys } from "../../test/model-download.ts";
import { createFakePrivateFiles } from "../../test/private-files.ts";
import type { FileRecord } from "./file-record.ts";
import { createFileStore } from "./file-store.ts";
import { createMemoryStore } from "./memory-store.ts";
import { createPrivateFileStore } from "./private-file-store.ts";
import { openWholeFile, readWholeFile } from "./read-file.ts";

const BYTES = makeBytes(250);
const PARTS = [BYTES.slice(0, 100), BYTES.slice(100, 200), BYTES.slice(200)];
const SHAPE = { bytes: 250, shardBytes: 100 };
const RECORD: FileRecord = { ...SHAPE, shards: PARTS.map(hashHex), sha256: undefined };

function create() {
  const inner = createMemoryStore();
  const privateFiles = createFakePrivateFiles();
  const store = createPrivateFileStore(inner, privateFiles, () => privateFiles.time);
  return { inner, privateFiles, store, files: createFileStore(store) };
}

/** A store that has all shards of a file, put there in any order. */
async function open() {
  const opened = create();
  for (const index of [2, 0, 1]) await put(opened, index);
  return opened;
}

function put({ files }: ReturnType<typeof create>, index: number): Promise<void> {
  const bytes = PARTS[index]!;
  return files.putShard(KEY, { index, sha256: hashHex(bytes) }, bytes, SHAPE);
}

it("keeps every promise of a store", async () => {
  expect(await checkStore(() => create().store)).toEqual([]);
});

it("keeps every promise of a store where private files refuse all bytes", async () => {
  const createRefused = () => {
    const { privateFiles, store } = create();
    privateFiles.error = new Error("No private files in this window");
    return store;
  };
  expect(await checkStore(createRefused)).toEqual([]);
});

describe("the parts of a file", () => {
  it("lie together in one private file, in their order, and nowhere else", async () => {
    const { inner, privateFiles } = await open();
    expect([...privateFiles.contents.values()]).toEqual([BYTES]);
    const values = await Promise.all((await shardKeys(inner)).map((key) => inner.get(key)));
    expect(values).toEqual([
      { at: 0, bytes: 100 },
      { at: 100, bytes: 100 },
      { at: 200, bytes: 50 },
    ]);
  });

  it("are read where they lie", async () => {
    const { files } = await open();
    expect(await readWholeFile(files, KEY, RECORD)).toEqual(BYTES);
    const whole = (await openWholeFile(files, KEY, RECORD))!;
    expect(whole.read(90, 210)).toEqual(BYTES.slice(90, 210));
  });

  it("are read as Blobs where another worker has the file to itself", async () => {
    const { files, privateFiles } = await open();
    privateFiles.isTaken = true;
    expect(await readWholeFile(files, KEY, RECORD)).toEqual(BYTES);
  });

  it("may lie in both places", async () => {
    const opened = create();
    await put(opened, 0);
    opened.privateFiles.error = new Error("NoModificationAllowedError");
    await put(opened, 1);
    opened.privateFiles.error = undefined;
    await put(opened, 2);
    expect(await readWholeFile(opened.files, KEY, RECORD)).toEqual(BYTES);
    expect((await openWholeFile(opened.files, KEY, RECORD))!.read(0, 250)).toEqual(BYTES);
    expect(await shardKeys(opened.store)).toHaveLength(3);
  });

  it("leave it to others to make room", async () => {
    const opened = create();
    opened.privateFiles.error = Object.assign(new Error("full"), { name: "QuotaExceededError" });
    await expect(put(opened, 0)).rejects.toBe(opened.privateFiles.error);
    expect(await opened.store.keys()).toEqual([]);
  });
});

describe("damage in a private file", () => {
  it.each([0, 99, 100, 249])("is found at byte %d, and its shard removed", async (at) => {
    const { files, privateFiles, store } = await open();
    const [content] = privateFiles.contents.values();
    content![at]! ^= 1;
    const keys = await shardKeys(store);
    expect(await openWholeFile(files, KEY, RECORD)).toBeUndefined();
    expect(await shardKeys(store)).toEqual(keys.filter((_, n) => n !== Math.floor(at / 100)));
    // The next visit puts it back in its place.
    await files.putShard(
      KEY,
      { index: Math.floor(at / 100), sha256: RECORD.shards[Math.floor(at / 100)]! },
      PARTS[Math.floor(at / 100)]!,
      SHAPE,
    );
    expect(await readWholeFile(files, KEY, RECORD)).toEqual(BYTES);
  });

  it.each([0, 50, 249])("is found in a file cut short to %d bytes", async (length) => {
    const { files, privateFiles, store } = await open();
    const [[name, content]] = [...privateFiles.contents] as [[string, Uint8Array<ArrayBuffer>]];
    privateFiles.contents.set(name, content.slice(0, length));
    expect(await readWholeFile(files, KEY, RECORD)).toBeUndefined();
    expect((await shardKeys(store)).length).toBe(Math.floor(length / 100));
  });

  it("is found where the file is gone, and no key is left", async () => {
    const { files, privateFiles, store } = await open();
    privateFiles.contents.clear();
    expect(await openWholeFile(files, KEY, RECORD)).toBeUndefined();
    expect(await shardKeys(store)).toEqual([]);
  });
});

describe("a private file", () => {
  it("goes with its last part, and not before", async () => {
    const { privateFiles, store } = await open();
    const [first, ...others] = await shardKeys(store);
    await store.delete(others);
    expect(privateFiles.contents.size).toBe(1);
    await store.delete([first!]);
    expect(privateFiles.contents.size).toBe(0);
  });

  it("of another file stays", async () => {
    const opened = await open();
    const other = { ...KEY, path: "other" };
    await opened.files.putShard(other, { index: 0, sha256: "ab" }, PARTS[0]!, SHAPE);
    await opened.files.remove(KEY);
    expect([...opened.privateFiles.contents.values()]).toEqual([PARTS[0]]);
  });

  it("that was open when its parts went is swept up later, when nobody has it open", async () => {
    const { files, privateFiles, store } = await open();
    const whole = (await openWholeFile(files, KEY, RECORD))!;
    await files.remove(KEY);
    privateFiles.time += 61_000;
    await store.sweep();
    expect(whole.read(0, 250)).toEqual(BYTES);
    whole.close();
    await store.sweep();
    expect(privateFiles.contents.size).toBe(0);
  });

  it("that is being written to, or has parts, is not swept up", async () => {
    const { privateFiles, store } = await open();
    privateFiles.time += 61_000;
    await privateFiles.write("new", PARTS[0]!, 0);
    await store.sweep();
    expect(privateFiles.contents.size).toBe(2);
  });
});
