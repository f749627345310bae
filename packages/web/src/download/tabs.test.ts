import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { startFaultServer, type FaultServer } from "../../test/fault-server.ts";
import {
  countAskedBytes,
  createHastyClock,
  makeBytes,
  openModel,
  PATH,
  pinnedFile,
  until,
  type OpenModelOptions,
} from "../../test/model-download.ts";
import { createBusyStore } from "../../test/stores.ts";
import { createMemoryStore } from "../storage/memory-store.ts";
import type { Store } from "../storage/store.ts";

const BYTES = makeBytes(4000);
const ONCE = new Uint8Array(BYTES.length).fill(1);

let server: FaultServer;
let lockName: string;

beforeEach(async (context) => {
  vi.stubGlobal("navigator", {}); // No Web Locks, as on pages without https.
  lockName = context.task.id;
  server = await startFaultServer({ contents: { [PATH]: BYTES } });
});

afterEach(async () => {
  vi.unstubAllGlobals();
  await server.close();
});

function openTab(store: Store, options: Partial<OpenModelOptions> = {}) {
  return openModel({ server, store, lockName, file: pinnedFile(BYTES, 100), ...options });
}

describe("several tabs with one store", () => {
  it("make one set of requests, and all have the file", async () => {
    server.faults.push({ path: PATH, kind: "delay", ms: 50 });
    const store = createMemoryStore();
    const tabs = [1, 2, 3].map(() => openTab(store));
    const downloaded = await Promise.all(tabs.map((tab) => tab.ensure()));
    expect(downloaded).toEqual([true, true, true]);
    expect(countAskedBytes(server, BYTES.length)).toEqual(ONCE);
    for (const { read } of tabs) expect(await read()).toEqual(BYTES);
    expect(tabs.map(({ seen }) => seen.started)).toEqual([1, 0, 0]);
    expect((await store.keys()).filter((key) => key.startsWith("lease|"))).toEqual([]);
  });

  it("hear from the one that downloads how far it is", async () => {
    server.faults.push({ path: PATH, kind: "slow", bytesPerSecond: 1500 });
    const store = createMemoryStore();
    const [first, second] = [openTab(store), openTab(store)];
    await Promise.all([first.ensure(), second.ensure()]);
    const states = second.seen.progress.map(({ state }) => state);
    expect(new Set(states)).toEqual(new Set(["in-other-tab", "downloading"]));
    expect(states.at(-1)).toBe("downloading");
    const heard = second.seen.progress[0]!;
    expect(heard).toMatchObject({ state: "in-other-tab", totalBytes: 4000 });
    expect(heard.loadedBytes).toBeGreaterThan(0);
    expect(second.seen.progress.at(-1)).toMatchObject({ loadedBytes: 4000, totalBytes: 4000 });
  });

  it("go on where one was that died", async () => {
    const store = createMemoryStore();
    const dead = openTab(store);
    await store.set(`lease|${lockName}`, { owner: "dead", until: Date.now() + 60_000 });
    const tabs = [1, 2, 3].map(() => openTab(store, { policy: { takeOverAfterMs: 1500 } }));
    await Promise.all(tabs.map((tab) => tab.ensure()));
    expect(countAskedBytes(server, BYTES.length)).toEqual(ONCE);
    expect(await dead.read()).toEqual(BYTES);
  });

  it("take over from one that is frozen; it stops when it wakes up, and finds the result", async () => {
    server.faults.push({ path: PATH, kind: "stall", afterBytes: 250, times: 1 });
    const inner = createMemoryStore();
    let [isFrozen, frozenShards] = [false, 0];
    const awake = new EventTarget();
    const pass = async (): Promise<void> => {
      if (isFrozen)
        await new Promise((resolve) => {
          awake.addEventListener("awake", resolve);
        });
    };
    const frozenStore = createBusyStore(
      {
        ...inner,
        update: (key, change) => pass().then(() => inner.update(key, change)),
      },
      () => {
        frozenShards++;
      },
    );
    const policy = { takeOverAfterMs: 600, parallel: 1 };
    const frozen = openTab(frozenStore, { policy });
    const ensured = frozen.ensure();
    await until(() => frozenShards === 2);
    isFrozen = true;
    const other = openTab(inner, { policy });
    await other.ensure();
    expect(other.seen.resumes).toBe(1); // Not even the frozen tab's shards came again.
    isFrozen = false;
    awake.dispatchEvent(new Event("awake"));
    expect(await ensured).toBe(true);
    expect(await frozen.read()).toEqual(BYTES);
    expect(frozenShards).toBe(2);
    expect(server.activeRequests).toBe(0);
  });

  it("wait for nobody where nothing is shared", async () => {
    const stores = [createMemoryStore(), createMemoryStore()];
    await stores[0]!.set(`lease|${lockName}`, { owner: "other", until: Infinity });
    const file = pinnedFile(BYTES, 100);
    for (const store of stores)
      expect(await openModel({ server, store, file }).ensure()).toBe(true);
  });
});

describe("a paused tab", () => {
  it("lets another download, and finds the result when it goes on", async () => {
    server.faults.push({ path: PATH, kind: "stall", afterBytes: 250, times: 1 });
    const store = createMemoryStore();
    const paused = openTab(store, { policy: { parallel: 1 }, now: createHastyClock() });
    const ensured = paused.ensure();
    await until(() => paused.seen.progress.some(({ loadedBytes }) => loadedBytes >= 200));
    paused.gate.pause();
    const other = openTab(store);
    expect(await other.ensure()).toBe(true);
    expect(paused.seen.progress.at(-1)?.state).toBe("paused");
    const requests = server.log.length;
    paused.gate.resume();
    expect(await ensured).toBe(true);
    expect(server.log).toHaveLength(requests);
  });

  it("that waits for another stops waiting while it is paused", async () => {
    const store = createMemoryStore();
    await store.set(`lease|${lockName}`, { owner: "other", until: Date.now() + 60_000 });
    const tab = openTab(store);
    const ensured = tab.ensure();
    await new Promise((resolve) => setTimeout(resolve, 50));
    tab.gate.pause();
    await until(() => tab.seen.progress.at(-1)?.state === "paused");
    await store.delete([`lease|${lockName}`]);
    tab.gate.resume();
    expect(await ensured).toBe(true);
    expect(countAskedBytes(server, BYTES.length)).toEqual(ONCE);
  });
});
