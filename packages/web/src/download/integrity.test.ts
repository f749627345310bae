import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startFaultServer, type FaultServer } from "../../test/fault-server.ts";
import type { Fault } from "../../test/faults.ts";
import {
  damageShard,
  failureOf,
  hashHex,
  KEY,
  makeBytes,
  openModel,
  PATH,
  pinnedFile,
  rangesOf,
  shardKeys,
  readShard,
  storedShards,
} from "../../test/model-download.ts";
import { trustKey } from "../storage/file-keys.ts";
import { SHARD_BYTES } from "../storage/file-store.ts";
import { createMemoryStore } from "../storage/memory-store.ts";
import { createModelIndex } from "../storage/model-index.ts";
import type { Store } from "../storage/store.ts";

const BYTES = makeBytes(2000);
const PINNED = pinnedFile(BYTES, 100);

/** Three shards of the usual size. */
const LARGE = makeBytes(2 * SHARD_BYTES + 5);

let server: FaultServer;

beforeEach(async () => {
  server = await startFaultServer({ contents: { [PATH]: BYTES } });
});

afterEach(async () => {
  await server.close();
});

function plant(fault: Omit<Fault, "path">): void {
  server.faults.push({ path: PATH, ...fault });
}

describe("a bit that flips on the way", () => {
  it.each([0, 99, 100, 1050, 1999])(
    "at byte %d costs one fresh download of what is missing, where shards are pinned",
    async (atByte) => {
      plant({ kind: "corrupt", atByte, times: 1 });
      const store = createMemoryStore();
      const { read, seen } = openModel({ server, store, file: PINNED, policy: { parallel: 1 } });
      expect(await read()).toEqual(BYTES);
      expect(seen.corruptions).toBe(1);
      const shard = Math.floor(atByte / 100);
      // Two runs of 16 shards: the one that was wrong ends there; the rest is asked for again.
      expect(rangesOf(server)).toContain(
        `${String(shard * 100)}-${String(Math.min(1999, (shard + 16) * 100 - 1))}`,
      );
      expect(await storedShards(store)).toHaveLength(20);
    },
  );

  it.each([1, 4])(
    "always is refused, and never ends in a loop, with %d lanes",
    async (parallel) => {
      plant({ kind: "corrupt", atByte: 350 });
      const store = createMemoryStore();
      const { ensure, seen } = openModel({ server, store, file: PINNED, policy: { parallel } });
      expect((await failureOf(ensure())).details.reason).toBe("integrity");
      expect(seen.corruptions).toBe(2);
      expect(server.requests.length).toBeLessThanOrEqual(4);
      expect(await storedShards(store)).not.toContain(3);
      expect((await store.keys()).filter((key) => key.startsWith("file|"))).toEqual([]);
    },
  );

  it("in every answer, with many lanes, is bounded too", async () => {
    plant({ kind: "corrupt" });
    const bytes = makeBytes(20_000);
    server.replace(PATH, bytes);
    const file = pinnedFile(bytes, 100);
    const { ensure } = openModel({ server, file, policy: { parallel: 4 } });
    expect((await failureOf(ensure())).details.reason).toBe("integrity");
    expect(server.requests.length).toBeLessThanOrEqual(16);
  });

  it("costs one whole download where only the whole hash is pinned", async () => {
    server.replace(PATH, LARGE);
    plant({ kind: "corrupt", atByte: SHARD_BYTES + 3, times: 1 });
    const store = createMemoryStore();
    const file = { sha256: hashHex(LARGE) };
    const { read, seen } = openModel({ server, store, file });
    expect(Buffer.compare(await read(), LARGE)).toBe(0);
    expect(seen.corruptions).toBe(1);
    const whole = `0-${String(LARGE.length - 1)}`;
    expect(rangesOf(server)).toEqual([whole, whole]);
    expect(await storedShards(store)).toEqual([0, 1, 2]);
  });

  it("always is refused where the whole hash is pinned, and nothing of it stays", async () => {
    for (const bytes of [BYTES, LARGE]) {
      server.replace(PATH, bytes);
      server.log.length = 0;
      server.faults.splice(0, Infinity, { path: PATH, kind: "corrupt", atByte: 500 });
      const store = createMemoryStore();
      const { ensure } = openModel({ server, store, file: { sha256: hashHex(bytes) } });
      expect((await failureOf(ensure())).details.reason).toBe("integrity");
      expect(server.log).toHaveLength(2);
      expect(await store.keys()).toEqual([]);
    }
  });
});

type Damage = (store: Store, key: string, flipped: Bytes, at: number) => Promise<void>;
type Bytes = Uint8Array<ArrayBuffer>;

const DAMAGES = {
  flip: (store, key, flipped) => damageShard(store, key, flipped),
  truncate: (store, key, flipped, at) => damageShard(store, key, flipped.subarray(0, at)),
  extend: (store, key, flipped) =>
    damageShard(store, key, new Uint8Array(Buffer.concat([flipped, flipped]))),
  empty: (store, key) => damageShard(store, key, new Uint8Array()),
  foreign: (store, key) => store.set(key, "not bytes"),
  lost: (store, key) => store.set(key, lostBlob()),
  gone: (store, key) => store.delete([key]),
} satisfies Record<string, Damage>;
const DAMAGE_KINDS = Object.keys(DAMAGES) as (keyof typeof DAMAGES)[];

/** Browsers keep Blobs as files of their own, and can lose them. */
function lostBlob(): Blob {
  const blob = new Blob([new Uint8Array(100)]);
  blob.arrayBuffer = () => Promise.reject(new DOMException("gone", "NotFoundError"));
  return blob;
}

describe("damage in the store", () => {
  it("at any byte of any shard is caught on reading, and only that shard comes again", async () => {
    const damage = fc.record({
      at: fc.nat({ max: BYTES.length - 1 }),
      kind: fc.constantFrom(...DAMAGE_KINDS),
      bit: fc.nat({ max: 7 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 3 }), async (damages) => {
        const store = createMemoryStore();
        await openModel({ server, store, file: PINNED }).ensure();
        const keys = await shardKeys(store);
        const damaged = new Set<number>();
        for (const { at, kind, bit } of damages) {
          const index = Math.floor(at / 100);
          if (damaged.has(index)) continue;
          damaged.add(index);
          const shard = await readShard(store, keys[index]!);
          shard[at % 100]! ^= 1 << bit;
          await DAMAGES[kind](store, keys[index]!, shard, at % 100);
        }
        server.log.length = 0;
        const { read, seen } = openModel({ server, store, file: PINNED, policy: { parallel: 1 } });
        expect(await read()).toEqual(BYTES);
        expect(seen.corruptions).toBe(1);
        const asked = server.log.flatMap(({ range }) => {
          const [first, last] = [range!.start / 100, (range!.end + 1) / 100 - 1];
          return Array.from({ length: last - first + 1 }, (_, index) => first + index);
        });
        expect(asked).toEqual([...damaged].sort((a, b) => a - b));
        expect(await openModel({ server, store, isForbidden: true, file: PINNED }).read()).toEqual(
          BYTES,
        );
      }),
      { numRuns: 40 },
    );
  });

  it.each([
    ["is pinned by its whole hash", { sha256: hashHex(LARGE) }],
    ["was trusted when it first came", {}],
    ["was trusted, and of a guessed size", { bytes: 3, isApproximate: true }],
  ])("is repaired by one shard where the file %s", async (_, file) => {
    server.replace(PATH, LARGE);
    const store = createMemoryStore();
    await openModel({ server, store, file }).ensure();
    const keys = await shardKeys(store);
    await store.set(keys[1]!, new Blob([new Uint8Array(SHARD_BYTES)]));
    server.log.length = 0;
    const { read } = openModel({ server, store, file });
    expect(Buffer.compare(await read(), LARGE)).toBe(0);
    const shard = `${String(SHARD_BYTES)}-${String(2 * SHARD_BYTES - 1)}`;
    expect(rangesOf(server).filter((range) => range !== "0-0")).toEqual([shard]);
  });

  it("that comes back at once is given up with an error", async () => {
    const inner = createMemoryStore();
    const store: Store = {
      ...inner,
      get: async (key) =>
        key.startsWith("shard|") ? new Blob([new Uint8Array(100)]) : await inner.get(key),
    };
    const { read, seen } = openModel({ server, store, file: PINNED });
    expect((await failureOf(read())).details.reason).toBe("integrity");
    expect(seen.corruptions).toBe(2);
    expect(server.requests.length).toBeLessThanOrEqual(4);
  });

  it("that cannot be repaired without a network says so, and what is intact stays", async () => {
    const store = createMemoryStore();
    await openModel({ server, store, file: PINNED }).ensure();
    await store.delete([(await shardKeys(store))[4]!]);
    const { read } = openModel({ server, store, file: PINNED, isForbidden: true });
    await expect(read()).rejects.toMatchObject({ code: "network-forbidden" });
    expect(await storedShards(store)).toHaveLength(19);
  });
});

describe("a file without hashes", () => {
  const OTHER = makeBytes(2000, 9);

  it("is trusted when it first comes, and held to it later", async () => {
    const store = createMemoryStore();
    await openModel({ server, store }).ensure();
    expect(await store.get(trustKey(KEY))).toEqual({
      bytes: 2000,
      shardBytes: SHARD_BYTES,
      shards: [hashHex(BYTES)],
    });
    await store.delete(await shardKeys(store));
    server.replace(PATH, OTHER);
    const { read, seen } = openModel({ server, store });
    expect((await failureOf(read())).details.reason).toBe("integrity");
    expect(seen.corruptions).toBeGreaterThan(0);
    expect(server.requests.length).toBeLessThanOrEqual(3);
    server.replace(PATH, BYTES);
    expect(await openModel({ server, store }).read()).toEqual(BYTES);
  });

  it.each([
    ["longer", (bytes: Uint8Array) => Buffer.concat([bytes, makeBytes(10)])],
    ["shorter", (bytes: Uint8Array) => bytes.slice(0, SHARD_BYTES)],
  ])("is refused when it comes back %s, from a server without ranges", async (_, change) => {
    const trusted = LARGE.slice(0, 2 * SHARD_BYTES);
    server.replace(PATH, trusted);
    plant({ kind: "ignore-range" });
    const store = createMemoryStore();
    const file = { bytes: 5, isApproximate: true };
    await openModel({ server, store, file }).ensure();
    await store.delete(await shardKeys(store));
    server.replace(PATH, change(trusted));
    await failureOf(openModel({ server, store, file }).read());
  });

  it("is trusted anew after its model was deleted", async () => {
    const store = createMemoryStore();
    await openModel({ server, store }).ensure();
    const index = createModelIndex(store, {
      now: Date.now,
      listInUse: () => Promise.resolve(new Set()),
      onEvicted: () => undefined,
    });
    await index.remove(KEY.model);
    expect(await store.keys()).toEqual([]);
    server.replace(PATH, OTHER);
    expect(await openModel({ server, store }).read()).toEqual(OTHER);
  });
});
