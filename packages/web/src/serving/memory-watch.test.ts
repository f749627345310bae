import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { MEASURE_EVERY_MS, measureMemory, MemoryWatch } from "./memory-watch.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** @param readings what the browser tells, one after the other */
function watch(maxBytes: number | undefined, ...readings: (number | undefined)[]) {
  const done: string[] = [];
  const note = (what: string) => (reading: { bytes: number }) => {
    done.push(`${what} ${String(reading.bytes)}`);
  };
  const memory = new MemoryWatch({
    maxBytes,
    measure: () => {
      const bytes = readings.shift();
      return Promise.resolve(bytes === undefined ? bytes : { bytes, source: "agents" });
    },
    onRelief: () => done.push("relief"),
    dropCaches: note("drop"),
    unload: note("unload"),
  });
  const checkAll = async (): Promise<void> => {
    while (readings.length > 0) {
      await memory.check();
      vi.advanceTimersByTime(MEASURE_EVERY_MS);
    }
  };
  return { memory, done, checkAll };
}

describe("MemoryWatch", () => {
  it("drops caches over the limit, and ends the worker where that was not enough", async () => {
    const { done, checkAll } = watch(100, 90, 110, 120, 80, 130, undefined);
    await checkAll();
    expect(done).toEqual(["relief", "drop 110", "unload 120", "relief", "drop 130"]);
  });

  it("measures nothing where there is no limit", async () => {
    const { memory, done } = watch(undefined, 1e12);
    await memory.check();
    expect(done).toEqual([]);
    expect(memory.latest).toBeUndefined();
  });

  it("measures once a minute at most", async () => {
    const { memory, done } = watch(100, 110, 120);
    await memory.check();
    vi.advanceTimersByTime(MEASURE_EVERY_MS - 1);
    await memory.check();
    expect(done).toEqual(["drop 110"]);
  });
});

describe("measureMemory", () => {
  const memory = { usedJSHeapSize: 5 };

  it("asks for all agents in an isolated page", async () => {
    const measureUserAgentSpecificMemory = () => Promise.resolve({ bytes: 7 });
    vi.stubGlobal("performance", { measureUserAgentSpecificMemory, memory });
    vi.stubGlobal("crossOriginIsolated", true);
    expect(await measureMemory()).toEqual({ bytes: 7, source: "agents" });
    vi.stubGlobal("crossOriginIsolated", false);
    expect(await measureMemory()).toEqual({ bytes: 5, source: "page-heap" });
  });

  it("takes the page's heap where it may not ask, and nothing where there is nothing", async () => {
    const measureUserAgentSpecificMemory = () => Promise.reject(new Error("SecurityError"));
    vi.stubGlobal("crossOriginIsolated", true);
    vi.stubGlobal("performance", { measureUserAgentSpecificMemory, memory });
    expect(await measureMemory()).toEqual({ bytes: 5, source: "page-heap" });
    vi.stubGlobal("performance", {});
    expect(await measureMemory()).toBeUndefined();
  });
});
