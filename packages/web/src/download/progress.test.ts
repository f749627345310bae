import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startFaultServer, type FaultServer } from "../../test/fault-server.ts";
import { makeBytes, openModel, PATH, pinnedFile } from "../../test/model-download.ts";
import type { DownloadProgress } from "../protocol/result.ts";
import { createMemoryStore } from "../storage/memory-store.ts";
import { createProgressMeter } from "./progress-meter.ts";

function openMeter(cachedBytes = 0) {
  const reports: DownloadProgress[] = [];
  const clock = { now: 0 };
  const meter = createProgressMeter(
    cachedBytes,
    () => clock.now,
    (progress) => reports.push(progress),
  );
  const at = (now: number, loadedBytes: number, totalBytes = 100_000): void => {
    clock.now = now;
    meter.update("downloading", loadedBytes, totalBytes);
  };
  return { reports, clock, meter, at };
}

describe("a progress meter", () => {
  it("knows no rate at first, then that of the last seconds, and the time left", () => {
    const { reports, at } = openMeter(10);
    at(0, 0);
    at(1000, 10_000);
    expect(reports).toEqual([
      {
        state: "downloading",
        loadedBytes: 0,
        totalBytes: 100_000,
        cachedBytes: 10,
        bytesPerSecond: 0,
        remainingMs: undefined,
      },
      {
        state: "downloading",
        loadedBytes: 10_000,
        totalBytes: 100_000,
        cachedBytes: 10,
        bytesPerSecond: 10_000,
        remainingMs: 9000,
      },
    ]);
    for (let second = 2; second <= 9; second++) at(second * 1000, 10_000 + (second - 1) * 1000);
    expect(reports.at(-1)?.bytesPerSecond).toBe(1000); // The fast start is forgotten.
  });

  it("counts no stored bytes into the rate", () => {
    const { reports, at } = openMeter(50_000);
    at(0, 50_000);
    at(1000, 51_000);
    expect(reports.at(-1)).toMatchObject({ bytesPerSecond: 1000, remainingMs: 49_000 });
  });

  it("reports ten times a second at most, but always the end", () => {
    const { reports, at } = openMeter();
    for (let now = 0; now < 1000; now += 10) at(now, now * 10);
    expect(reports).toHaveLength(10);
    at(1001, 100_000);
    expect(reports.at(-1)).toMatchObject({ loadedBytes: 100_000, remainingMs: 0 });
  });

  it("says nothing twice", () => {
    const { reports, at } = openMeter();
    at(0, 100_000);
    at(1000, 100_000);
    expect(reports).toHaveLength(1);
  });

  it("reports every change of state at once, and begins to measure anew", () => {
    const { reports, clock, meter, at } = openMeter();
    at(0, 0);
    at(1000, 50_000);
    clock.now = 1001;
    meter.update("paused", 50_000, 100_000);
    meter.update("downloading", 50_000, 100_000);
    expect(reports.slice(2).map(({ state, bytesPerSecond }) => [state, bytesPerSecond])).toEqual([
      ["paused", 0],
      ["downloading", 0],
    ]);
    at(2001, 51_000);
    expect(reports.at(-1)?.bytesPerSecond).toBe(1000);
  });

  it("shows no negative rate when bytes were found to be wrong", () => {
    const { reports, at } = openMeter();
    at(0, 50_000);
    at(1000, 10_000);
    at(2000, 11_000);
    expect(reports.map(({ bytesPerSecond }) => bytesPerSecond)).toEqual([0, 0, 1000]);
  });
});

describe("the progress of a download", () => {
  const BYTES = makeBytes(64_000);
  let server: FaultServer;

  beforeEach(async () => {
    server = await startFaultServer({ contents: { [PATH]: BYTES } });
  });

  afterEach(async () => {
    await server.close();
  });

  it.each([1, 2, 4])(
    "has its exact total from the first report on, and never goes back, with %d lanes",
    async (parallel) => {
      let time = 0;
      const { ensure, seen } = openModel({
        server,
        file: pinnedFile(BYTES, 1000),
        policy: { parallel },
        now: () => (time += 200), // Every change is reported.
      });
      server.faults.push({ path: PATH, kind: "slow", bytesPerSecond: 34_000 });
      await ensure();
      const loaded = seen.progress.map(({ loadedBytes }) => loadedBytes);
      expect(seen.progress.every(({ totalBytes }) => totalBytes === 64_000)).toBe(true);
      expect(loaded[0]).toBe(0);
      expect(loaded.at(-1)).toBe(64_000);
      expect(loaded).toEqual([...loaded].sort((a, b) => a - b));
      expect(loaded.length).toBeGreaterThan(10);
    },
  );

  it("keeps what arrives in one lane while another goes on to its next request", async () => {
    let time = 0;
    const { ensure, seen } = openModel({
      server,
      file: pinnedFile(BYTES, 1000),
      policy: { parallel: 2, stallTimeoutMs: 5000 },
      now: () => (time += 200),
    });
    server.faults.push(
      { path: PATH, kind: "stall", fromByte: 16_000, afterBytes: 2550, times: 1 },
      { path: PATH, kind: "slow", bytesPerSecond: 48_000 },
    );
    await ensure();
    const states = seen.progress.map(({ state }) => state);
    const loaded = seen.progress.map(({ loadedBytes }) => loadedBytes);
    const beforeRetry = loaded.slice(0, states.indexOf("retrying"));
    expect(beforeRetry.at(-1)).toBeGreaterThan(32_000);
    expect(beforeRetry).toEqual([...beforeRetry].sort((a, b) => a - b));
  });

  it("is one report where all is stored", async () => {
    const store = createMemoryStore();
    await openModel({ server, store }).ensure();
    const { ensure, seen } = openModel({ server, store });
    await ensure();
    expect(seen.progress).toEqual([
      {
        state: "downloading",
        loadedBytes: 64_000,
        totalBytes: 64_000,
        cachedBytes: 64_000,
        bytesPerSecond: 0,
        remainingMs: 0,
      },
    ]);
  });
});
