import { describe, expect, it } from "vitest";
import type { EngineCode } from "../engines/engine.ts";
import type { ThreadsChosen } from "../protocol/result.ts";
import { chooseThreads, THREADS_KEY, type ThreadCountOptions } from "./thread-count.ts";

const DAY_MS = 24 * 3_600_000;

/** @param speeds what is measured, one after the other; the last of them for all later times */
function open({ speeds = [0.5], possible = 2 } = {}) {
  const records = new Map<string, unknown>();
  const chosen: ThreadsChosen[] = [];
  let timings = 0;
  let now = 1_000_000;
  let circumstances = "a browser";
  const engine: Pick<EngineCode, "threads"> = {
    threads: {
      byDefault: () => possible,
      time: () => {
        timings += 1;
        return Promise.resolve(speeds[Math.min(timings, speeds.length) - 1]!);
      },
    },
  };
  const choose = (start: Partial<ThreadCountOptions["start"]> = {}) =>
    chooseThreads({
      engine: engine as EngineCode,
      start: { device: "wasm", wasmThreads: 0, ...start },
      circumstances: () => Promise.resolve(circumstances),
      store: {
        get: (key) => Promise.resolve(records.get(key)),
        set: (key, value) => {
          records.set(key, value);
          return Promise.resolve();
        },
      },
      onChosen: (one) => chosen.push(one),
      now: () => now,
    });
  return {
    records,
    chosen,
    choose,
    timings: () => timings,
    wait: (ms: number) => (now += ms),
    update: () => (circumstances = "the next version"),
  };
}

describe("chooseThreads", () => {
  it("takes one thread from the third start on, where two loads have found several slower", async () => {
    const { choose, chosen, timings } = open({ speeds: [0.5, 0.6] });
    expect([await choose(), await choose(), await choose(), await choose()]).toEqual([2, 2, 1, 1]);
    expect(timings()).toBe(2);
    expect(chosen.slice(0, 3)).toEqual([
      { threads: 2, speed: 0.5, isMeasuredNow: true },
      { threads: 2, speed: 0.6, isMeasuredNow: true },
      { threads: 1, speed: 0.6, isMeasuredNow: false },
    ]);
  });

  it("keeps threads that were slower once, when the machine was busy", async () => {
    const { choose, timings } = open({ speeds: [0.3, 1.4] });
    expect([await choose(), await choose(), await choose()]).toEqual([2, 2, 2]);
    expect(timings()).toBe(2);
  });

  it("keeps threads that are about as fast as one", async () => {
    const { choose, timings } = open({ speeds: [0.8] });
    expect([await choose(), await choose()]).toEqual([2, 2]);
    expect(timings()).toBe(1);
  });

  it("keeps threads that are faster", async () => {
    const { choose, timings } = open({ speeds: [1.4], possible: 4 });
    expect([await choose(), await choose()]).toEqual([4, 4]);
    expect(timings()).toBe(1);
  });

  it("measures again in another version of the browser, and after a day if threads were slower", async () => {
    const { choose, timings, update, wait } = open();
    for (let load = 0; load < 3; load++) await choose();
    expect(timings()).toBe(2);
    update();
    expect([await choose(), await choose(), await choose()]).toEqual([2, 2, 1]);
    expect(timings()).toBe(4);
    wait(DAY_MS / 2);
    expect(await choose()).toBe(1);
    wait(DAY_MS);
    expect(await choose()).toBe(2);
    expect(timings()).toBe(5);
  });

  it("measures again after a month if threads were faster", async () => {
    const { choose, timings, wait } = open({ speeds: [1.2] });
    await choose();
    wait(29 * DAY_MS);
    await choose();
    expect(timings()).toBe(1);
    wait(2 * DAY_MS);
    await choose();
    expect(timings()).toBe(2);
  });

  it("leaves the choice to the app where it has made one", async () => {
    const { choose, chosen, timings } = open();
    expect(await choose({ wasmThreads: 3 })).toBe(3);
    expect({ timings: timings(), chosen }).toEqual({ timings: 0, chosen: [] });
  });

  it("measures nothing on a GPU, and where there can be no threads", async () => {
    const { choose, timings } = open();
    expect(await choose({ device: "webgpu" })).toBe(0);
    const alone = open({ possible: 1 });
    expect(await alone.choose()).toBe(0);
    expect([timings(), alone.timings()]).toEqual([0, 0]);
  });

  it("takes what is stored for nothing if it is no such record", async () => {
    const { choose, records, timings } = open();
    records.set(THREADS_KEY, { threads: "many" });
    expect(await choose()).toBe(2);
    expect(timings()).toBe(1);
  });
});
