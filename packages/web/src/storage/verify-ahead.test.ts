import { afterEach, expect, it } from "vitest";
import { hashHex, KEY, makeBytes } from "../../test/model-download.ts";
import { createFakePrivateFiles } from "../../test/private-files.ts";
import type { FileRecord } from "./file-record.ts";
import { createFileStore, type FileStore } from "./file-store.ts";
import { createMemoryStore } from "./memory-store.ts";
import { createPrivateFileStore } from "./private-file-store.ts";
import { openWholeFile } from "./read-file.ts";
import { createVerificationAhead, serveVerification, type Verifier } from "./verify-ahead.ts";

const PARTS = [makeBytes(100, 1), makeBytes(100, 2), makeBytes(50, 3)];
const SHAPE = { bytes: 250, shardBytes: 100 };
const RECORD: FileRecord = { ...SHAPE, shards: PARTS.map(hashHex), sha256: undefined };
const STORED = [{ file: KEY, record: RECORD }];

/** What opening the file gives where this worker read and hashed it, and where it did not. */
const VERIFIED_HERE = { isWhole: true, reads: PARTS.length };
const VERIFIED_AHEAD = { isWhole: true, reads: 0 };

const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

interface FakeHelper extends Verifier {
  isTerminated: boolean;
}

/** A helper behind a real channel. */
function helperOf(serve: (scope: MessagePort) => void): FakeHelper {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  serve(port2);
  const helper: FakeHelper = {
    onmessage: null,
    onerror: null,
    isTerminated: false,
    postMessage(message) {
      port1.onmessage = (event) => helper.onmessage?.(event);
      port1.postMessage(message);
    },
    terminate() {
      helper.isTerminated = true;
      port1.close();
    },
  };
  return helper;
}

interface Options {
  readonly startHelper?: (files: FileStore) => Verifier;
  readonly minBytes?: number;
  readonly isInPieces?: boolean;
}

const serve = (files: FileStore): Verifier =>
  helperOf((scope) => {
    serveVerification(scope, () => files);
  });

/** A stored file. */
async function open({ startHelper = serve, minBytes = 0, isInPieces = false }: Options = {}) {
  const privateFiles = createFakePrivateFiles();
  const inner = createMemoryStore();
  const store = isInPieces ? inner : createPrivateFileStore(inner, privateFiles, () => 0);
  const files = createFileStore(store);
  for (const [index, part] of PARTS.entries()) {
    await files.putShard(KEY, { index, sha256: hashHex(part) }, part, SHAPE);
  }
  let [reads, starts] = [0, 0];
  const counted: FileStore = {
    ...files,
    async openFile(file) {
      const opened = await files.openFile(file);
      if (!opened) return undefined;
      const read: typeof opened.read = (into, at) => {
        reads++;
        opened.read(into, at);
      };
      return { ...opened, read };
    },
  };
  const ahead = createVerificationAhead({
    files: counted,
    startHelper: () => {
      starts++;
      return startHelper(files);
    },
    minBytes,
  });
  return {
    ahead,
    starts: () => starts,
    damage: (): void => {
      for (const bytes of privateFiles.contents.values()) bytes[120]! ^= 1;
    },
    openFile: async (record = RECORD) => {
      reads = 0;
      const file = await openWholeFile(ahead.files, KEY, record);
      file?.close();
      return { isWhole: file !== undefined, reads };
    },
  };
}

it("a file that was verified ahead is not read again to open it, once", async () => {
  const { ahead, openFile } = await open();
  await ahead.begin("db", STORED);
  expect(await openFile()).toEqual(VERIFIED_AHEAD);
  expect(await openFile()).toEqual(VERIFIED_HERE);
});

it("a file that was found damaged is not opened", async () => {
  const { ahead, openFile, damage } = await open();
  damage();
  await ahead.begin("db", STORED);
  expect((await openFile()).isWhole).toBe(false);
});

it("what was said of a file does not count for another one in its place", async () => {
  const { ahead, openFile } = await open();
  await ahead.begin("db", STORED);
  const other = { ...RECORD, shards: [...RECORD.shards].reverse() };
  const { isWhole, reads } = await openFile(other);
  expect(isWhole).toBe(false);
  expect(reads).toBeGreaterThan(0);
});

it.each<[string, (files: FileStore) => Verifier]>([
  [
    "cannot be started",
    () => {
      throw new DOMException("No workers here", "SecurityError");
    },
  ],
  ["never says a word", () => helperOf(() => undefined)],
  [
    "fails to start",
    () => {
      const helper = helperOf(() => undefined);
      setTimeout(() => helper.onerror?.(new Event("error") as ErrorEvent));
      return helper;
    },
  ],
  [
    "cannot read the file",
    () =>
      helperOf((scope) => {
        serveVerification(scope, () => createFileStore(createMemoryStore()));
      }),
  ],
  [
    "fails to read the file",
    (files) =>
      helperOf((scope) => {
        const openFile = () => Promise.reject(new Error("The disk is gone"));
        serveVerification(scope, () => ({ ...files, openFile }));
      }),
  ],
])("a helper that %s leaves the file to whoever opens it", async (_, startHelper) => {
  const { ahead, openFile } = await open({ startHelper });
  await ahead.begin("db", STORED);
  expect(await openFile()).toEqual(VERIFIED_HERE);
});

it("a mistake in starting a helper is not taken for a browser without workers", async () => {
  const mistake = new TypeError("undefined is not a function");
  const { ahead } = await open({
    startHelper: () => {
      throw mistake;
    },
  });
  await expect(ahead.begin("db", STORED)).rejects.toBe(mistake);
});

it.each<[string, Options]>([
  ["little", { minBytes: 251 }],
  ["what lies in pieces", { isInPieces: true }],
])("no helper is started for %s", async (_, options) => {
  const { ahead, starts } = await open(options);
  await ahead.begin("db", STORED);
  expect(starts()).toBe(0);
});

it("at its end the helper goes, and no file waits for it", async () => {
  const helper = helperOf((scope) => {
    scope.postMessage({ type: "ready" });
  });
  const { ahead, openFile } = await open({ startHelper: () => helper });
  await ahead.begin("db", STORED);
  const opening = openFile();
  await new Promise((resolve) => setTimeout(resolve, 20));
  ahead.end();
  expect(await opening).toEqual(VERIFIED_HERE);
  expect(helper.isTerminated).toBe(true);
});
