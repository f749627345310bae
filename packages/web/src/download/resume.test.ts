import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startFaultServer, type FaultServer } from "../../test/fault-server.ts";
import {
  countAskedBytes,
  failureOf,
  makeBytes,
  openModel,
  PATH,
  pinnedFile,
  rangesOf,
  storedShards,
  until,
} from "../../test/model-download.ts";
import { createBusyStore } from "../../test/stores.ts";
import { SHARD_BYTES } from "../storage/file-store.ts";
import { createMemoryStore } from "../storage/memory-store.ts";

const SHARD = 64;

let server: FaultServer;

beforeEach(async () => {
  server = await startFaultServer();
});

afterEach(async () => {
  await server.close();
});

/** Which bytes the missing shards have: those should be asked for once, the others not at all. */
function missingBytes(length: number, stored: readonly number[]): Uint8Array {
  return new Uint8Array(length).map((_, at) => (stored.includes(Math.floor(at / SHARD)) ? 0 : 1));
}

const DOWNLOAD = fc.record({
  length: fc.integer({ min: 1, max: 36 * SHARD }),
  parallel: fc.integer({ min: 1, max: 5 }),
  /** Parts of the whole. */
  positions: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 4 }),
});

describe("a download that ended early", () => {
  it("asks only for what is missing after it was stopped at any shard, any number of times", async () => {
    await fc.assert(
      fc.asyncProperty(DOWNLOAD, async ({ length, parallel, positions }) => {
        const bytes = makeBytes(length);
        const file = pinnedFile(bytes, SHARD);
        server.replace(PATH, bytes);
        const inner = createMemoryStore();
        for (const position of positions) {
          const before = await storedShards(inner);
          const stopAt = 1 + Math.floor(position * (file.shards!.sha256.length - before.length));
          const store = createBusyStore(inner, (count) => {
            if (count === stopAt) session.gate.pause();
          });
          const session = openModel({ server, file, store, policy: { parallel } });
          server.log.length = 0;
          await untilStopped(session);
          for (const [at, count] of countAskedBytes(server, length).entries()) {
            if (count > missingBytes(length, before)[at]!) throw new Error(`asked for ${at} again`);
          }
        }
        const stored = await storedShards(inner);
        const isWhole = (await inner.keys()).some((key) => key.startsWith("file|"));
        server.log.length = 0;
        const session = openModel({ server, file, store: inner, policy: { parallel } });
        expect(await session.read()).toEqual(bytes);
        expect(countAskedBytes(server, length)).toEqual(missingBytes(length, stored));
        expect(session.seen.resumes).toBe(stored.length > 0 && !isWhole ? 1 : 0);
      }),
      { numRuns: 30 },
    );
  });

  it("has the same bytes in the end, wherever its connections are cut", async () => {
    const cut = fc.record({
      fromByte: fc.nat({ max: 40 * SHARD }),
      afterBytes: fc.nat({ max: 16 * SHARD }),
      times: fc.integer({ min: 1, max: 2 }),
    });
    await fc.assert(
      fc.asyncProperty(DOWNLOAD, fc.array(cut, { maxLength: 4 }), async (download, cuts) => {
        const bytes = makeBytes(download.length);
        server.replace(PATH, bytes);
        server.log.length = 0;
        server.faults.splice(0, Infinity, ...cuts.map((one) => ({ path: PATH, ...CUT, ...one })));
        const { parallel } = download;
        const file = pinnedFile(bytes, SHARD);
        const { read, seen } = openModel({ server, file, policy: { parallel, retries: 8 } });
        expect(await read()).toEqual(bytes);
        expect(seen.progress.at(-1)).toMatchObject({
          loadedBytes: bytes.length,
          totalBytes: bytes.length,
        });
      }),
      { numRuns: 30 },
    );
  });

  it("goes on from the shard that was cut, and from no byte before it", async () => {
    const bytes = makeBytes(16 * SHARD);
    server.replace(PATH, bytes);
    server.faults.push({ path: PATH, kind: "cut", afterBytes: 5 * SHARD + 7, times: 1 });
    const { read, seen } = openModel({ server, file: pinnedFile(bytes, SHARD) });
    expect(await read()).toEqual(bytes);
    const end = String(bytes.length - 1);
    expect(rangesOf(server)).toEqual([`0-${end}`, `${String(5 * SHARD)}-${end}`]);
    expect(seen.retries).toBe(1);
  });

  it.each([
    ["pinned by its whole hash", (bytes: Uint8Array<ArrayBuffer>) => pinnedWhole(bytes)],
    ["not pinned", (bytes: Uint8Array<ArrayBuffer>) => ({ bytes: bytes.length })],
    ["of a guessed size", () => ({ bytes: 5, isApproximate: true })],
  ])("goes on in the next session when it is %s", async (_, toFile) => {
    const bytes = makeBytes(2 * SHARD_BYTES + 5);
    server.replace(PATH, bytes);
    const file = toFile(bytes);
    const store = createMemoryStore();
    const fault = { path: PATH, ...CUT, fromByte: 0, afterBytes: SHARD_BYTES + 9 };
    server.faults.push(fault);
    const policy = { retries: 0, parallel: 1 };
    await failureOf(openModel({ server, file, store, policy }).ensure());
    expect(await storedShards(store)).toEqual([0]);
    server.faults.length = 0;
    server.log.length = 0;
    const { read, seen } = openModel({ server, file, store, policy });
    expect(Buffer.compare(await read(), bytes)).toBe(0);
    const missing = `${String(SHARD_BYTES)}-${String(bytes.length - 1)}`;
    expect(rangesOf(server).filter((range) => range !== "0-0")).toEqual([missing]);
    expect(seen).toMatchObject({ resumes: 1, downloadedBytes: SHARD_BYTES + 5 });
  });

  it("asks for nothing when all shards are there and only the record is missing", async () => {
    const bytes = makeBytes(10 * SHARD);
    server.replace(PATH, bytes);
    const file = pinnedFile(bytes, SHARD);
    const inner = createMemoryStore();
    const dying = createBusyStore({
      ...inner,
      set: (key, value) =>
        key.startsWith("file|") ? Promise.reject(new Error("died")) : inner.set(key, value),
    });
    await expect(openModel({ server, file, store: dying }).ensure()).rejects.toThrow("died");
    server.log.length = 0;
    expect(await openModel({ server, file, store: inner }).read()).toEqual(bytes);
    expect(server.log).toEqual([]);
  });

  it("tells at once how much is stored already", async () => {
    const bytes = makeBytes(10 * SHARD);
    server.replace(PATH, bytes);
    server.faults.push({ path: PATH, kind: "cut", afterBytes: 4 * SHARD + 1, times: 1 });
    const [file, store] = [pinnedFile(bytes, SHARD), createMemoryStore()];
    await failureOf(openModel({ server, file, store, policy: { retries: 0 } }).ensure());
    const { ensure, seen } = openModel({ server, file, store });
    expect(await ensure()).toBe(true);
    expect(seen.progress[0]).toMatchObject({
      cachedBytes: 4 * SHARD,
      loadedBytes: 4 * SHARD,
      totalBytes: 10 * SHARD,
    });
    expect(seen.downloadedBytes).toBe(6 * SHARD);
  });
});

const CUT = { kind: "cut" } as const;

function pinnedWhole(bytes: Uint8Array<ArrayBuffer>) {
  const { sha256 } = pinnedFile(bytes, bytes.length);
  return { bytes: bytes.length, sha256: sha256! };
}

/** Until it is paused, or has ended before that. */
async function untilStopped({ ensure, seen }: ReturnType<typeof openModel>): Promise<void> {
  const state = { isOver: false };
  void ensure().then(() => (state.isOver = true));
  const isStopped = () => state.isOver || seen.progress.at(-1)?.state === "paused";
  await until(isStopped);
}
