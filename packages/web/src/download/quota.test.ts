import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { startFaultServer, type FaultServer } from "../../test/fault-server.ts";
import {
  countAskedBytes,
  failureOf,
  makeBytes,
  openModel,
  PATH,
  pinnedFile,
  storedShards,
  type OpenModelOptions,
} from "../../test/model-download.ts";
import { modelKey } from "../storage/file-keys.ts";
import { createRoomyStore } from "../storage/make-room.ts";
import { createMemoryStore } from "../storage/memory-store.ts";
import { createModelIndex } from "../storage/model-index.ts";
import { createResilientStore } from "../storage/resilient-store.ts";
import type { Store } from "../storage/store.ts";

const BYTES = makeBytes(1000);
const FILE = pinnedFile(BYTES, 100);

let server: FaultServer;

beforeEach(async () => {
  server = await startFaultServer({ contents: { [PATH]: BYTES } });
});

afterEach(async () => {
  await server.close();
});

/** A store with room for so many shards. */
function createSmallStore(maxShards: number, inner = createMemoryStore()): Store {
  return {
    ...inner,
    async setPart(key, bytes, at) {
      const isFull = (await storedShards(inner)).length >= maxShards;
      if (isFull) throw new DOMException("full", "QuotaExceededError");
      await inner.setPart(key, bytes, at);
    },
  };
}

/** Stores as a worker has them. Revisions are other models. */
function open(small: Store) {
  const onDegraded = vi.fn();
  const evicted: string[] = [];
  const used = new Set<string>();
  const store = createResilientStore(
    createRoomyStore(small, async () => {
      const freed = await index.evict((_, { freedBytes }) => freedBytes === 0, used);
      return freed > 0;
    }),
    onDegraded,
  );
  const index = createModelIndex(store, {
    now: () => performance.now(),
    listInUse: () => Promise.resolve(new Set()),
    onEvicted: ({ revision }) => {
      evicted.push(revision);
    },
  });
  const openRevision = (revision: string, options: Partial<OpenModelOptions> = {}) => {
    const model = { id: "test", revision };
    const onStarted = async (): Promise<void> => {
      used.add(modelKey(model));
      await index.touch({ ...model, license: "mit" });
    };
    return openModel({ server, store, file: FILE, revision, report: { onStarted }, ...options });
  };
  return { store, index, evicted, onDegraded, used, openRevision };
}

describe("a full store", () => {
  it("gives up the oldest model for the one that arrives, and no more than it must", async () => {
    const small = createSmallStore(25);
    for (const revision of ["1", "2"]) await open(small).openRevision(revision).ensure();
    const { store, evicted, onDegraded, openRevision } = open(small);
    expect(await openRevision("3").read()).toEqual(BYTES);
    expect(evicted).toEqual(["1"]);
    expect(store.isPersistent).toBe(true);
    expect(onDegraded).not.toHaveBeenCalled();
    const later = open(small);
    expect(await later.openRevision("3", { isForbidden: true }).read()).toEqual(BYTES);
    expect((await later.index.list()).map(({ revision }) => revision)).toEqual(["3", "2"]);
  });

  it.each([0, 1, 5, 9])(
    "with room for %d shards and nothing to give up is helped out by memory",
    async (room) => {
      const small = createSmallStore(room);
      const { store, evicted, onDegraded, openRevision } = open(small);
      const session = openRevision("1");
      expect(await session.read()).toEqual(BYTES);
      expect(await session.read()).toEqual(BYTES);
      expect(store.isPersistent).toBe(false);
      expect(evicted).toEqual([]);
      expect(onDegraded.mock.calls).toEqual([["QuotaExceededError: full"]]);
      expect(countAskedBytes(server, 1000)).toEqual(new Uint8Array(1000).fill(1));
      expect((await small.keys()).filter((key) => key.startsWith("file|"))).toEqual([]);
    },
  );

  it("keeps what it had room for: the next session goes on from there", async () => {
    const inner = createMemoryStore();
    const first = open(createSmallStore(4, inner));
    await first.openRevision("1").ensure();
    expect(await storedShards(inner)).toHaveLength(4);
    expect(await first.index.list()).toMatchObject([{ storedBytes: 1000, totalBytes: 1000 }]);
    expect(await open(inner).index.list()).toMatchObject([{ storedBytes: 400, totalBytes: 1000 }]);
    server.log.length = 0;
    const { openRevision } = open(inner);
    await openRevision("1").ensure();
    const asked = countAskedBytes(server, 1000).reduce((sum, count) => sum + count, 0);
    expect(asked).toBe(600);
  });

  it("never gives up the model that is arriving", async () => {
    const small = createSmallStore(8);
    const { evicted, openRevision } = open(small);
    await openRevision("1").ensure();
    expect(evicted).toEqual([]);
    expect(await storedShards(small)).toHaveLength(8);
  });

  it("that loses what it is given is given up", async () => {
    const store: Store = { ...createMemoryStore(), set: () => Promise.resolve() };
    const { ensure } = openModel({ server, store, file: FILE });
    expect((await failureOf(ensure())).message).toContain("vanished from the store");
    expect(server.log).toHaveLength(2);
  });
});
