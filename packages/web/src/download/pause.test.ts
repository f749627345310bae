import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { startFaultServer, type FaultServer } from "../../test/fault-server.ts";
import {
  createHastyClock,
  makeBytes,
  openModel,
  PATH,
  pinnedFile,
  rangesOf,
  until,
} from "../../test/model-download.ts";
import { createBusyStore } from "../../test/stores.ts";
import { createMemoryStore } from "../storage/memory-store.ts";
import { PauseGate } from "./pause-gate.ts";

const BYTES = makeBytes(1600);
const FILE = pinnedFile(BYTES, 100);

let server: FaultServer;

beforeEach(async () => {
  server = await startFaultServer({ contents: { [PATH]: BYTES } });
});

afterEach(async () => {
  await server.close();
});

/** The states of a download, without repeats. */
function statesOf({ seen }: ReturnType<typeof openModel>): string[] {
  const states = seen.progress.map(({ state }) => state);
  return states.filter((state, index) => state !== states[index - 1]);
}

describe("a download that is paused", () => {
  it("stops its requests at once, and goes on from what is stored", async () => {
    server.faults.push({ path: PATH, kind: "stall", afterBytes: 550, times: 1 });
    const download = openModel({ server, file: FILE, now: createHastyClock() });
    const ensured = download.ensure();
    await until(() => (download.seen.progress.at(-1)?.loadedBytes ?? 0) >= 500);
    download.gate.pause();
    await until(() => download.seen.progress.at(-1)!.state === "paused");
    await until(() => server.activeRequests === 0);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(server.log).toHaveLength(1);
    expect(download.seen.progress.at(-1)).toMatchObject({ bytesPerSecond: 0, totalBytes: 1600 });

    download.gate.resume();
    expect(await ensured).toBe(true);
    expect(statesOf(download)).toEqual(["downloading", "paused", "downloading"]);
    expect(rangesOf(server)).toEqual(["0-1599", "500-1599"]);
    expect(await download.read()).toEqual(BYTES);
  });

  it("before it begins asks for nothing until it may", async () => {
    const download = openModel({ server, file: FILE });
    download.gate.pause();
    const ensured = download.ensure();
    await until(() => download.seen.progress.at(-1)?.state === "paused");
    expect(server.log).toEqual([]);
    download.gate.resume();
    await ensured;
    expect(statesOf(download)).toEqual(["paused", "downloading"]);
  });

  it("many times at any shard has the same bytes in the end", async () => {
    const store = createBusyStore(createMemoryStore(), () => {
      download.gate.pause();
      setTimeout(() => {
        download.gate.resume();
      }, 1);
    });
    const download = openModel({ server, file: FILE, store, policy: { parallel: 1 } });
    expect(await download.read()).toEqual(BYTES);
    const asked = rangesOf(server).map((range) => Number(range.split("-")[0]));
    expect(asked).toEqual([...new Set(asked)]); // Each time further on.
  });

  it("while it waits for another try stops waiting", async () => {
    server.faults.push({ path: PATH, kind: "status", status: 503, retryAfter: 60, times: 1 });
    const download = openModel({ server, file: FILE });
    const ensured = download.ensure();
    await until(() => download.seen.retries === 1);
    download.gate.pause();
    await until(() => download.seen.progress.at(-1)!.state === "paused");
    download.gate.resume();
    expect(await ensured).toBe(true);
    expect(statesOf(download)).toEqual(["downloading", "retrying", "paused", "downloading"]);
  });

  it("has nothing to wait for when all is stored", async () => {
    const store = createMemoryStore();
    await openModel({ server, file: FILE, store }).ensure();
    const download = openModel({ server, file: FILE, store });
    download.gate.pause();
    expect(await download.ensure()).toBe(false);
    expect(await download.read()).toEqual(BYTES);
  });
});

describe("PauseGate", () => {
  it("is open at first", async () => {
    const gate = new PauseGate();
    expect([gate.isPaused, gate.signal.aborted]).toEqual([false, false]);
    await gate.whenOpen();
  });

  it("aborts what runs and holds what would begin, until it is opened", async () => {
    const gate = new PauseGate();
    const { signal } = gate;
    gate.pause();
    gate.pause();
    expect([gate.isPaused, signal.aborted, gate.signal.aborted]).toEqual([true, true, true]);
    expect((signal.reason as Error).name).toBe("AbortError");
    const opened = vi.fn();
    const waiting = [gate.whenOpen().then(opened), gate.whenOpen().then(opened)];
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(opened).not.toHaveBeenCalled();
    gate.resume();
    await Promise.all(waiting);
    gate.resume();
    expect([gate.isPaused, gate.signal.aborted]).toEqual([false, false]);
    expect(signal.aborted).toBe(true);
  });

  it("can be closed again", async () => {
    const gate = new PauseGate();
    gate.pause();
    gate.resume();
    const { signal } = gate;
    gate.pause();
    expect(signal.aborted).toBe(true);
    const opened = vi.fn();
    const waiting = gate.whenOpen().then(opened);
    await Promise.resolve();
    expect(opened).not.toHaveBeenCalled();
    gate.resume();
    await waiting;
  });
});
