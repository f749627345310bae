import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startFaultServer, type FaultServer } from "../../test/fault-server.ts";
import {
  FILE,
  hashHex,
  makeBytes,
  openModel,
  PATH,
  pinnedFile,
  rangesOf,
  readShard,
} from "../../test/model-download.ts";
import { createBusyStore, createObservedStore } from "../../test/stores.ts";
import { SHARD_BYTES } from "../storage/file-store.ts";
import { createMemoryStore } from "../storage/memory-store.ts";

let server: FaultServer;

beforeEach(async () => {
  server = await startFaultServer();
});

afterEach(async () => {
  await server.close();
});

/** Serves bytes, and pins every part of them. */
function serve(length: number, shardBytes: number) {
  const bytes = makeBytes(length);
  server.replace(PATH, bytes);
  return { bytes, file: pinnedFile(bytes, shardBytes) };
}

describe("a file in shards", () => {
  it("is stored shard by shard under their hashes, each with one write, its record last", async () => {
    const { bytes, file } = serve(1050, 100);
    const store = createObservedStore();
    const { ensure } = openModel({ server, file, store, policy: { parallel: 3 } });
    await ensure();
    const writes = store.requests.filter((request) => request.startsWith("set "));
    const shards = file.shards!.sha256.map(
      (sha256, index) => `set shard|test@1|${FILE}|${String(index)}|${sha256}`,
    );
    expect(writes.at(-1)).toBe(`set file|test@1|${FILE}`);
    expect(writes.filter((write) => write.startsWith("set shard")).sort()).toEqual(shards.sort());
    expect(writes.filter((write) => write.startsWith("set file"))).toHaveLength(1);

    const keys = (await store.keys()).sort();
    expect(keys).toEqual(
      [`file|test@1|${FILE}`, ...shards.map((write) => write.slice("set ".length))].sort(),
    );
    for (const key of keys.filter((one) => one.startsWith("shard"))) {
      const [, , , index, hash] = key.split("|");
      const start = Number(index) * 100;
      const shard = await readShard(store, key);
      expect(shard).toEqual(bytes.slice(start, start + 100));
      expect(hash).toBe(hashHex(shard));
    }
  });

  it.each([1, 99, 100, 101, 199, 200, 201, 1000])(
    "of 100 bytes is read back whole when it has %d bytes",
    async (length) => {
      const { bytes, file } = serve(length, 100);
      const store = createMemoryStore();
      expect(await openModel({ server, file, store }).read()).toEqual(bytes);
      const second = openModel({ server, file, store, isForbidden: true });
      expect(await second.read()).toEqual(bytes);
      const shards = (await store.keys()).filter((key) => key.startsWith("shard|"));
      expect(shards).toHaveLength(Math.ceil(length / 100));
    },
  );

  it.each([-1, 0, 1])(
    "of the usual size is read back whole when it has %d bytes more than one",
    async (more) => {
      const bytes = makeBytes(SHARD_BYTES + more);
      server.replace(PATH, bytes);
      const store = createMemoryStore();
      expect(Buffer.compare(await openModel({ server, store }).read(), bytes)).toBe(0);
      const shards = (await store.keys()).filter((key) => key.startsWith("shard|"));
      expect(shards).toHaveLength(more > 0 ? 2 : 1);
    },
  );

  it("asks for 16 shards at a time, and for the rest", async () => {
    const { file } = serve(4010, 100);
    await openModel({ server, file, policy: { parallel: 1 } }).ensure();
    expect(rangesOf(server)).toEqual(["0-1599", "1600-3199", "3200-4009"]);
  });

  it.each([1, 2, 4, 7])("has %d requests at a time, not one more", async (parallel) => {
    const { bytes, file } = serve(16_000, 100);
    // All have arrived before the first is answered.
    server.faults.push({ path: PATH, kind: "delay", ms: 100 * parallel });
    const { read } = openModel({ server, file, policy: { parallel } });
    expect(await read()).toEqual(bytes);
    expect(server.maxActive).toBe(parallel);
    expect(rangesOf(server)).toHaveLength(10);
  });

  it.each([1, 2, 4])("has at most %d shards in memory at a time", async (parallel) => {
    const { file } = serve(64_000, 1000);
    const store = createBusyStore(createMemoryStore(), undefined, 20);
    await openModel({ server, file, store, policy: { parallel } }).ensure();
    expect(store.maxShards()).toBe(parallel);
  });

  it("spreads several files over its lanes, and never asks for a byte twice", async () => {
    const { bytes, file } = serve(3200, 100);
    server.replace("/second.onnx", makeBytes(3200, 2));
    const sizes = { bytes: 3200, shards: pinnedFile(makeBytes(3200, 2), 100).shards! };
    const { files } = openModel({ server, file, policy: { parallel: 4 } });
    expect(await files.read(FILE)).toEqual(bytes);
    const second = openModel({
      server,
      file: { ...sizes, url: `${server.origin}/second.onnx` },
      revision: "2",
    });
    expect(await second.read()).toEqual(makeBytes(3200, 2));
    expect(rangesOf(server).sort()).toEqual(["0-1599", "0-1599", "1600-3199", "1600-3199"]);
  });

  it("of no bytes is stored without a request", async () => {
    const { file } = serve(0, 100);
    const store = createMemoryStore();
    expect(await openModel({ server, file, store }).read()).toEqual(new Uint8Array());
    expect(await openModel({ server, file, store, isForbidden: true }).read()).toHaveLength(0);
  });
});
