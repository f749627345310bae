import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startFaultServer, type FaultServer } from "../../test/fault-server.ts";
import type { Fault } from "../../test/faults.ts";
import {
  failureOf,
  fetchWithHiddenHeaders,
  hashHex,
  makeBytes,
  openModel,
  PATH,
  pinnedFile,
  rangesOf,
  storedShards,
} from "../../test/model-download.ts";
import { createBusyStore } from "../../test/stores.ts";
import { SHARD_BYTES } from "../storage/file-store.ts";
import { createMemoryStore } from "../storage/memory-store.ts";

const LENGTH = 3 * SHARD_BYTES + 5;
const OLD = makeBytes(LENGTH, 1);
const NEW = makeBytes(LENGTH, 2);
const LAST = String(LENGTH - 1);

let server: FaultServer;

beforeEach(async () => {
  server = await startFaultServer({ contents: { [PATH]: OLD } });
});

afterEach(async () => {
  await server.close();
});

function plant(fault: Omit<Fault, "path">): void {
  server.faults.push({ path: PATH, ...fault });
}

/** Changes the file on the server when its second shard is being stored; the connection breaks there. */
function changeMidway(bytes = NEW) {
  plant({ kind: "cut", afterBytes: 2 * SHARD_BYTES + 7, times: 1 });
  return createBusyStore(createMemoryStore(), (count) => {
    if (count === 2) server.replace(PATH, bytes);
  });
}

describe("a file that changes on the server while it arrives", () => {
  it("begins again, once, where nothing is known of its hashes", async () => {
    const store = changeMidway();
    const { read, seen } = openModel({ server, store, policy: { parallel: 1 } });
    expect(Buffer.compare(await read(), NEW)).toBe(0);
    expect(rangesOf(server)).toEqual([
      `0-${LAST}`,
      `${String(2 * SHARD_BYTES)}-${LAST}`,
      `0-${LAST}`,
    ]);
    expect(seen.corruptions).toBe(1);
    expect(await storedShards(store)).toEqual([0, 1, 2, 3]); // None of the old ones is left.
  });

  it("begins again with another size too", async () => {
    const longer = makeBytes(LENGTH + 100, 3);
    const store = changeMidway(longer);
    const file = { bytes: 1, isApproximate: true };
    const { read } = openModel({ server, store, file, policy: { parallel: 1 } });
    expect(Buffer.compare(await read(), longer)).toBe(0);
  });

  it("fails when it changes again and again", async () => {
    let seed = 10;
    const store = createBusyStore(createMemoryStore(), () => {
      server.replace(PATH, makeBytes(LENGTH, seed++));
    });
    plant({ kind: "cut", afterBytes: SHARD_BYTES + 7 });
    const error = await failureOf(openModel({ server, store, policy: { parallel: 1 } }).ensure());
    expect(error.details.reason).toBe("integrity");
    expect(server.requests.length).toBeLessThanOrEqual(5);
    expect((await store.keys()).filter((key) => key.startsWith("file|"))).toEqual([]);
  });

  it("is refused where its whole hash is pinned, after one fresh download", async () => {
    const store = changeMidway();
    const file = { sha256: hashHex(OLD) };
    const { ensure } = openModel({ server, store, file, policy: { parallel: 1 } });
    expect((await failureOf(ensure())).details.reason).toBe("integrity");
    expect(server.requests).toHaveLength(3);
    expect(await store.keys()).toEqual([]);
  });

  it("is the pinned one after that, where it was the old one that was wrong", async () => {
    const store = changeMidway();
    const file = { sha256: hashHex(NEW) };
    const { read } = openModel({ server, store, file, policy: { parallel: 1 } });
    expect(Buffer.compare(await read(), NEW)).toBe(0);
  });

  it("goes on where its shards are pinned and the bytes are the same under another name", async () => {
    const plain = makeBytes(2000);
    server.replace(PATH, plain);
    const renamed: typeof fetch = async (input, init) => {
      const response = await fetch(input, init);
      const headers = new Headers(response.headers);
      headers.set("etag", `"${String(Math.random())}"`);
      return new Response(response.body, { status: response.status, headers });
    };
    plant({ kind: "cut", afterBytes: 350, times: 2 });
    const file = pinnedFile(plain, 100);
    const { read, seen } = openModel({ server, file, fetch: renamed });
    expect(await read()).toEqual(plain);
    expect(seen.corruptions).toBe(0);
    const asked = rangesOf(server).map((range) => Number(range.split("-")[0]));
    expect(asked.filter((first) => first === 0)).toHaveLength(1);
  });

  it("is found to be shorter by the server's 416, and begins again", async () => {
    const shorter = makeBytes(SHARD_BYTES + 9, 4);
    const store = changeMidway(shorter);
    const file = { bytes: 1, isApproximate: true };
    const { read } = openModel({ server, store, file, policy: { parallel: 1 } });
    expect(Buffer.compare(await read(), shorter)).toBe(0);
    expect(server.log.map(({ status }) => status)).toEqual([206, 206, 416, 206, 206]);
  });
});

describe("a file that changed between two sessions", () => {
  /** The first session stores two shards and dies. */
  async function beginOld(file: object = {}) {
    const store = createMemoryStore();
    plant({ kind: "cut", afterBytes: 2 * SHARD_BYTES + 7 });
    const policy = { retries: 0, parallel: 1 };
    await failureOf(openModel({ server, store, file, policy }).ensure());
    server.faults.length = 0;
    server.log.length = 0;
    server.replace(PATH, NEW);
    return store;
  }

  it("begins again where nothing is known of its hashes", async () => {
    const store = await beginOld();
    const { read } = openModel({ server, store, policy: { parallel: 1 } });
    expect(Buffer.compare(await read(), NEW)).toBe(0);
    expect(rangesOf(server)).toEqual([`${String(2 * SHARD_BYTES)}-${LAST}`, `0-${LAST}`]);
  });

  it("begins again before it asks for the rest where its size was a guess", async () => {
    const file = { bytes: 9, isApproximate: true };
    const store = await beginOld(file);
    const { read } = openModel({ server, store, file, policy: { parallel: 1 } });
    expect(Buffer.compare(await read(), NEW)).toBe(0);
    expect(rangesOf(server)).toEqual(["0-0", `0-${LAST}`]);
  });

  it("is held to its pinned hash although the server shows no names", async () => {
    const sha256 = hashHex(NEW);
    const store = await beginOld({ sha256 });
    const fetch = fetchWithHiddenHeaders;
    const { read, seen } = openModel({ server, store, file: { sha256 }, fetch });
    expect(Buffer.compare(await read(), NEW)).toBe(0);
    expect(seen.corruptions).toBe(1);
  });

  it("replaces what is stored when the manifest has new hashes", async () => {
    const store = await beginOld({ sha256: hashHex(OLD) });
    const { read } = openModel({ server, store, file: { sha256: hashHex(NEW) } });
    expect(Buffer.compare(await read(), NEW)).toBe(0);
    expect(rangesOf(server)).toEqual([`0-${LAST}`]);
    expect(await storedShards(store)).toEqual([0, 1, 2, 3]);
  });
});
