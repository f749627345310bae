import { beforeEach, describe, expect, it, vi } from "vitest";
import { checkStore } from "../../test/contracts/store.ts";
import { hashHex, KEY, makeBytes, shardKeys } from "../../test/model-download.ts";
import { createFakePrivateFiles } from "../../test/private-files.ts";
import {
  fileRecordKey,
  modelRecordKey,
  planKey,
  shardKey,
  trustKey,
  verdictKey,
} from "./file-keys.ts";
import type { FileRecord } from "./file-record.ts";
import { createFileStore, type FileStore } from "./file-store.ts";
import type { Exclusively } from "./journals.ts";
import { createMemoryStore } from "./memory-store.ts";
import { createModelIndex } from "./model-index.ts";
import { readWholeFile } from "./read-file.ts";
import { adoptSchema } from "./schema.ts";
import type { Store } from "./store.ts";
import { createWeightStore } from "./weight-store.ts";

const BYTES = makeBytes(250);
const PARTS = [BYTES.slice(0, 100), BYTES.slice(100, 200), BYTES.slice(200)];
const SHAPE = { bytes: 250, shardBytes: 100 };
const PLAN = { ...SHAPE, etag: '"a"', sha256: undefined };
const RECORD: FileRecord = { ...SHAPE, shards: PARTS.map(hashHex), sha256: undefined };
const MODEL = { id: "test", revision: "1", license: "apache-2.0" };

const weights = createFakePrivateFiles();
const journals = createFakePrivateFiles();
let database: Store;
let time: number;
const onRestored = vi.fn();

beforeEach(() => {
  weights.contents.clear();
  journals.contents.clear();
  journals.error = undefined;
  database = createMemoryStore();
  time = 1000;
  onRestored.mockClear();
});

/** One worker's locks: work of the same name runs one after the other. */
function createLocks(): Exclusively {
  const last = new Map<string, Promise<unknown>>();
  return (name, work) => {
    const turn = (last.get(name) ?? Promise.resolve()).then(work);
    last.set(
      name,
      turn.catch(() => undefined),
    );
    return turn;
  };
}

const exclusively = createLocks();

/** The store as a worker opens it. */
function create() {
  const options = { files: weights, journalFiles: journals, exclusively, now: () => time };
  return createWeightStore({ store: database, ...options, onRestored });
}

async function open(): Promise<{ store: Store; files: FileStore; list: () => Promise<unknown[]> }> {
  const store = (await adoptSchema(create()))!;
  const index = createModelIndex(store, {
    now: () => time,
    listInUse: () => Promise.resolve(new Set()),
    onEvicted: () => undefined,
  });
  return { store, files: createFileStore(store), list: () => index.list() };
}

/** Stores the model and these parts of its file. */
async function download(parts = [0, 1, 2]): Promise<void> {
  const { store, files } = await open();
  await store.update(modelRecordKey(KEY.model), () => ({ ...MODEL, storedAt: time, usedAt: time }));
  await files.begin(KEY, PLAN);
  for (const index of parts) await put(files, index);
  if (parts.length === PARTS.length) await files.commit(KEY, RECORD);
}

async function put(files: FileStore, index: number): Promise<void> {
  const bytes = PARTS[index]!;
  await files.putShard(KEY, { index, sha256: hashHex(bytes) }, bytes, SHAPE);
}

function loseDatabase(): void {
  database = createMemoryStore();
}

/** Changes the text of the only journal. */
function editJournal(edit: (text: string) => string): void {
  const [[name, content]] = [...journals.contents] as [[string, Uint8Array<ArrayBuffer>]];
  const text = edit(new TextDecoder().decode(content));
  journals.contents.set(name, new TextEncoder().encode(text));
}

it("keeps every promise of a store, also where no journal can be written", async () => {
  expect(await checkStore(freshStore)).toEqual([]);
  journals.error = new DOMException("No private files in this window", "SecurityError");
  expect(await checkStore(freshStore)).toEqual([]);
});

function freshStore(): Store {
  loseDatabase();
  journals.contents.clear();
  return create();
}

describe("a database that is found empty", () => {
  it("gets back a whole model with its list entry, and says how many records", async () => {
    await download();
    const before = await (await open()).list();
    loseDatabase();
    time = 5000;
    const { files, list } = await open();
    expect(await list()).toEqual([{ ...(before[0] as object), usedAt: 5000 }]);
    expect(await readWholeFile(files, KEY, (await files.readRecord(KEY, {}))!)).toEqual(BYTES);
    expect(onRestored.mock.calls).toEqual([[5]]); // A model, a file, three shards.
  });

  it("gets back a download that was not complete", async () => {
    await download([2, 0]);
    loseDatabase();
    const { files } = await open();
    expect(await files.readRecord(KEY, {})).toBeUndefined();
    const { plan, shards } = await files.begin(KEY, { ...PLAN, etag: undefined });
    expect(plan.etag).toBe('"a"');
    expect([...shards]).toEqual([
      [2, hashHex(PARTS[2]!)],
      [0, hashHex(PARTS[0]!)],
    ]);
  });

  it("gets back what the first download and the first load found out, and commits of branches", async () => {
    const { store, files } = await open();
    const kept = {
      [trustKey(KEY)]: { ...SHAPE, shards: RECORD.shards },
      [verdictKey(KEY.model, "int8")]: { form: "plain" },
      "commit|test@main": "1".repeat(40),
      "code|worker|wasm": { urls: ["a"], storedAt: 1 },
    };
    await files.trust(KEY, RECORD);
    for (const [key, value] of Object.entries(kept)) await store.set(key, value);
    loseDatabase();
    const restored = (await open()).store;
    for (const [key, value] of Object.entries(kept)) expect(await restored.get(key)).toEqual(value);
  });

  it("gets nothing back of bytes that changed: only that shard is missing", async () => {
    await download();
    weights.contents.values().next().value![150]! ^= 1;
    loseDatabase();
    const { store, files } = await open();
    expect(await files.readRecord(KEY, {})).toBeUndefined();
    expect(await store.get(planKey(KEY))).toMatchObject(SHAPE);
    const { shards } = await files.begin(KEY, PLAN);
    expect([...shards.keys()]).toEqual([0, 2]);
  });

  it("gets nothing back of a private file that is gone or cut short", async () => {
    await download();
    const [[name, content]] = [...weights.contents] as [[string, Uint8Array<ArrayBuffer>]];
    weights.contents.set(name, content.slice(0, 199));
    loseDatabase();
    expect(await shardKeys((await open()).store)).toHaveLength(1);
    weights.contents.clear();
    loseDatabase();
    expect(await shardKeys((await open()).store)).toEqual([]);
  });

  it.each([
    ["cut short", (text: string) => text.slice(0, -20)],
    ["changed", (text: string) => text.slice(0, -20) + "x" + text.slice(-19)],
    ["overwritten with zeros", (text: string) => text.slice(0, -90) + "\0".repeat(90)],
  ])("does without a last line of the journal that is %s", async (_, edit) => {
    await download([0, 1]);
    editJournal(edit);
    loseDatabase();
    const { store, files } = await open();
    expect([...(await files.begin(KEY, PLAN)).shards.keys()]).toEqual([0]);
    // The line after it is read.
    await put(files, 2);
    loseDatabase();
    expect([
      ...(await createFileStore((await open()).store).begin(KEY, PLAN)).shards.keys(),
    ]).toEqual([0, 2]);
    expect(await store.get("schema")).toBe(3);
  });

  it("does not get back what was deleted: a model, or a file whose download began again", async () => {
    await download();
    const { store, files } = await open();
    await files.begin(KEY, { ...PLAN, etag: '"b"' }); // The server has another file, of the same length.
    loseDatabase();
    const restored = await open();
    expect([...(await restored.files.begin(KEY, PLAN)).shards]).toEqual([]);
    expect(await restored.store.get(fileRecordKey(KEY))).toBeUndefined();
    await createModelIndex(store, {
      now: () => time,
      listInUse: () => Promise.resolve(new Set()),
      onEvicted: () => undefined,
    }).remove(KEY.model);
    expect(journals.contents.size).toBe(0);
  });

  it("is restored again after a browser that was killed while it was restored", async () => {
    await download();
    loseDatabase();
    const whole = database;
    let writes = 0;
    database = {
      ...whole,
      set: async (key, value) => {
        if (++writes > 3) throw new DOMException("The browser ends", "AbortError");
        await whole.set(key, value);
      },
    };
    await expect(open()).rejects.toThrow("The browser ends");
    database = whole;
    const { files } = await open();
    expect(await files.readRecord(KEY, {})).toEqual(RECORD);
  });

  it("takes no records of another layout", async () => {
    await download();
    editJournal((text) => text.replaceAll('"version":3', '"version":2'));
    loseDatabase();
    expect(await (await open()).store.keys()).toEqual([]);
  });
});

describe("records that are lost while the database is not empty", () => {
  it("are restored when the model is asked for", async () => {
    await download();
    await database.delete([
      fileRecordKey(KEY),
      shardKey(KEY, { index: 1, sha256: RECORD.shards[1]! }),
    ]);
    const { store, files } = await open();
    expect(await files.readRecord(KEY, {})).toBeUndefined();
    await store.restore!(KEY.model);
    expect(await files.readRecord(KEY, {})).toEqual(RECORD);
    expect(onRestored.mock.calls).toEqual([[2]]);
  });

  it("are restored before their private file would be swept up", async () => {
    await download();
    await database.delete((await database.keys()).filter((key) => key !== "schema"));
    time += 61_000;
    await create().sweep();
    expect(weights.contents.size).toBe(1);
    expect(await (await open()).files.readRecord(KEY, {})).toEqual(RECORD);
  });

  it("are left alone where the database knows another plan of the file", async () => {
    await download([0, 1]);
    await database.delete(await shardKeys(database));
    await database.set(planKey(KEY), { ...PLAN, etag: '"b"' });
    const { store } = await open();
    await store.restore!(KEY.model);
    expect(await shardKeys(store)).toEqual([]);
  });
});

describe("the journal", () => {
  it("has a shard before the database has it", async () => {
    const { files } = await open();
    database.set = () => Promise.reject(new DOMException("The browser ends", "AbortError"));
    await expect(put(files, 0)).rejects.toThrow("The browser ends");
    const [content] = journals.contents.values();
    expect(new TextDecoder().decode(content)).toContain(RECORD.shards[0]);
  });

  it("does not grow when a model is used again", async () => {
    await download();
    const size = [...journals.contents.values()][0]!.length;
    const { store } = await open();
    await store.update(modelRecordKey(KEY.model), (known) => ({ ...(known as object), usedAt: 9 }));
    expect([...journals.contents.values()][0]!.length).toBe(size);
  });

  it("goes when a deletion can no longer be noted, because the disk is full", async () => {
    await download();
    journals.error = new DOMException("full", "QuotaExceededError");
    const { files } = await open();
    await files.remove(KEY);
    expect(journals.contents.size).toBe(0);
  });

  it("asks for room like the weights", async () => {
    const { files } = await open();
    journals.error = new DOMException("full", "QuotaExceededError");
    await expect(put(files, 0)).rejects.toBe(journals.error);
  });
});
