import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
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
import { SHARD_BYTES } from "../storage/file-store.ts";
import { createMemoryStore } from "../storage/memory-store.ts";

const BYTES = makeBytes(5000);
/** More than two shards of the usual size, and easy to pack. */
const LARGE = new Uint8Array(2 * SHARD_BYTES + 5).map((_, index) => index % 7);

let server: FaultServer;

beforeEach(async () => {
  server = await startFaultServer({ contents: { [PATH]: BYTES } });
});

afterEach(async () => {
  vi.unstubAllGlobals();
  await server.close();
});

function plant(fault: Omit<Fault, "path">): void {
  server.faults.push({ path: PATH, ...fault });
}

describe("a model's file", () => {
  it("is fetched once and read from the store after that", async () => {
    const store = createMemoryStore();
    const first = openModel({ server, store });
    expect(await first.read()).toEqual(BYTES);
    expect(first.seen).toMatchObject({ hits: 0, misses: 1, started: 1, downloadedBytes: 5000 });
    const second = openModel({ server, store, isForbidden: true });
    expect(await second.ensure()).toBe(false);
    expect(await second.read()).toEqual(BYTES);
    expect(second.seen).toMatchObject({ hits: 1, misses: 0, started: 0, downloadedBytes: 0 });
    expect(server.requests).toHaveLength(1);
  });

  it("is fetched again when the manifest promises other bytes than are stored", async () => {
    const store = createMemoryStore();
    await openModel({ server, store }).ensure();
    const file = { sha256: hashHex(BYTES) };
    await openModel({ server, store, file }).ensure();
    await openModel({ server, store, file }).ensure();
    expect(server.requests).toHaveLength(2);
  });

  it("is fetched again when the manifest promises other shards than are stored", async () => {
    const store = createMemoryStore();
    await openModel({ server, store }).ensure();
    const other = makeBytes(5000, 2);
    server.replace(PATH, other);
    const { shards } = pinnedFile(other, SHARD_BYTES);
    expect(await openModel({ server, store, file: { shards: shards! } }).read()).toEqual(other);
    expect(server.requests).toHaveLength(2);
  });

  it("is kept apart from the same file of another revision", async () => {
    const store = createMemoryStore();
    for (const revision of ["1", "2", "1"]) await openModel({ server, store, revision }).read();
    expect(server.requests).toHaveLength(2);
  });

  it("must be in the descriptor", async () => {
    await expect(openModel({ server }).files.read("other")).rejects.toMatchObject({
      code: "model-invalid",
      details: { file: "other" },
    });
  });

  it("is measured and opened without a request", async () => {
    const store = createMemoryStore();
    const before = openModel({ server, store, isForbidden: true });
    expect(await before.files.measure(["weights"])).toEqual({ storedBytes: 0, totalBytes: 5000 });
    await openModel({ server, store }).ensure();
    const after = openModel({ server, store, isForbidden: true });
    expect(await after.files.measure(["weights"])).toEqual({
      storedBytes: 5000,
      totalBytes: 5000,
    });
    const file = await after.files.open("weights");
    expect(file.size).toBe(5000);
    expect(file.read(1000, 2000)).toEqual(BYTES.slice(1000, 2000));
  });

  it("is not asked for where the network is forbidden", async () => {
    const { read } = openModel({ server, isForbidden: true });
    await expect(read()).rejects.toMatchObject({
      code: "network-forbidden",
      details: { url: `${server.origin}${PATH}` },
    });
    expect(server.requests).toEqual([]);
  });
});

describe("a server without ranges", () => {
  beforeEach(() => {
    plant({ kind: "ignore-range" });
  });

  it.each([1, 4999, 5000, 100_000])(
    "brings all of a file that %d was guessed for",
    async (bytes) => {
      const store = createMemoryStore();
      const { read, seen } = openModel({ server, store, file: { bytes, isApproximate: true } });
      expect(await read()).toEqual(BYTES);
      expect(seen.progress.at(-1)).toMatchObject({ loadedBytes: 5000, totalBytes: 5000 });
      expect(await openModel({ server, store, isForbidden: true }).read()).toEqual(BYTES);
    },
  );

  it.each([4999, 5001])("fails at once when the manifest has %d bytes", async (bytes) => {
    const { details, message } = await failureOf(openModel({ server, file: { bytes } }).read());
    expect(details.reason).toBe("length");
    expect(message).toContain(String(bytes));
    expect(server.requests).toHaveLength(1);
  });

  it("brings a file of many pinned shards, and stores each once", async () => {
    const store = createMemoryStore();
    const { read } = openModel({ server, store, file: pinnedFile(BYTES, 100) });
    expect(await read()).toEqual(BYTES);
    expect(await storedShards(store)).toHaveLength(50);
    expect(server.requests).toHaveLength(1);
  });

  it("is given up when it breaks off again and again, although it brings shards each time", async () => {
    plant({ kind: "cut", afterBytes: 2050 });
    server.faults.reverse();
    const [file, store] = [pinnedFile(BYTES, 100), createMemoryStore()];
    const fetchWhole: typeof fetch = (input, init) => fetch(input, { ...init, headers: {} });
    const { read, seen } = openModel({ server, store, file, fetch: fetchWhole });
    expect((await failureOf(read())).details.reason).toBe("no-ranges");
    expect(seen.noRanges).toBe(1);
    // The first brought shards: the next counts as the first of its failures.
    expect(server.requests.length).toBeLessThanOrEqual(4);
    expect(await storedShards(store)).toHaveLength(20);
    server.faults.length = 0;
    expect(await openModel({ server, store, file }).read()).toEqual(BYTES);
    expect(rangesOf(server).slice(-2).sort()).toEqual(["2000-3599", "3600-4999"]);
  });

  it("that starts to do without in the middle is followed", async () => {
    server.faults.length = 0;
    plant({ kind: "ignore-range", fromByte: 1600 });
    const file = pinnedFile(BYTES, 100);
    const { read, seen } = openModel({ server, file, policy: { parallel: 3 } });
    expect(await read()).toEqual(BYTES);
    expect(seen.corruptions).toBe(0);
  });
});

describe("a compressed answer", () => {
  beforeEach(() => {
    server.replace(PATH, LARGE);
    plant({ kind: "gzip" });
  });

  const KINDS: [string, object][] = [
    ["of exact size", {}],
    ["of a guessed size that is too small", { bytes: 5, isApproximate: true }],
    ["of a guessed size that is a shard's", { bytes: SHARD_BYTES, isApproximate: true }],
    ["of a guessed size that is too large", { bytes: 1e8, isApproximate: true }],
    ["pinned by its hash", { sha256: hashHex(LARGE) }],
    ["pinned by its shards", pinnedFile(LARGE, 2 ** 20)],
  ];

  it.each(KINDS)("of a file %s is unpacked", async (_, file) => {
    const { read, seen } = openModel({ server, file });
    expect(Buffer.compare(await read(), LARGE)).toBe(0);
    for (const { loadedBytes, totalBytes } of seen.progress) {
      expect(loadedBytes).toBeGreaterThanOrEqual(0);
      expect(loadedBytes).toBeLessThanOrEqual(totalBytes);
    }
  });

  it.each(KINDS)("of a file %s is unpacked where CORS hides how it was packed", async (_, file) => {
    const { gzipSync } = await import("node:zlib");
    const fetchPacked: typeof fetch = async (input, init) => {
      const response = await fetchWithHiddenHeaders(input, init);
      const headers = new Headers(response.headers);
      headers.set("content-length", String(gzipSync(LARGE).length));
      return new Response(response.body, { headers });
    };
    const { read } = openModel({ server, file, fetch: fetchPacked });
    expect(Buffer.compare(await read(), LARGE)).toBe(0);
  });

  it("is not taken for whole in the next session when the guess was too small", async () => {
    const store = createMemoryStore();
    const file = { bytes: SHARD_BYTES, isApproximate: true };
    const dying: typeof fetch = async (input, init) => {
      const { body, headers } = await fetch(input, init);
      let left = SHARD_BYTES + 1000;
      const cut = new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          controller.enqueue(chunk);
          left -= chunk.byteLength;
          if (left < 0) controller.error(new TypeError("died"));
        },
      });
      return new Response(body!.pipeThrough(cut), { headers });
    };
    const policy = { retries: 0 };
    await failureOf(openModel({ server, file, store, policy, fetch: dying }).ensure());
    expect(await storedShards(store)).toEqual([0]);
    expect(Buffer.compare(await openModel({ server, file, store }).read(), LARGE)).toBe(0);
  });
});

describe("a guessed size", () => {
  it.each([1, 5000, 100_000])(
    "of %d gives way to what the server says of ranges",
    async (bytes) => {
      const { read, seen } = openModel({ server, file: { bytes, isApproximate: true } });
      expect(await read()).toEqual(BYTES);
      expect(seen.progress[0]).toMatchObject({ totalBytes: 5000 });
      expect(rangesOf(server)).toEqual(["0-0", "0-4999"]);
    },
  );

  it.each([0, 7])("of %d gives way to an empty file", async (bytes) => {
    server.replace(PATH, new Uint8Array());
    const store = createMemoryStore();
    const file = { bytes, isApproximate: true };
    expect(await openModel({ server, store, file }).read()).toHaveLength(0);
    expect(await openModel({ server, store, file, isForbidden: true }).read()).toHaveLength(0);
  });

  it("is enough where another origin hides everything else", async () => {
    const file = { bytes: 7, isApproximate: true };
    const { read } = openModel({ server, file, fetch: fetchWithHiddenHeaders });
    expect(await read()).toEqual(BYTES);
  });

  it("does not hide that less came than the server announced", async () => {
    const fetchLess: typeof fetch = async (input) => {
      const { headers } = await fetch(input);
      return new Response(BYTES.subarray(1), { headers });
    };
    const { read } = openModel({ server, file: { isApproximate: true }, fetch: fetchLess });
    expect((await failureOf(read())).details.reason).toBe("length");
  });
});
