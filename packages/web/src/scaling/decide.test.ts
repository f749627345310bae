import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decide, startScaling, type Load, type ScalingSettings } from "./decide.ts";
import { resolveScaling } from "./settings.ts";

const SETTINGS = resolveScaling({ min: 1, max: 4 });

const QUIET: Load = {
  now: 0,
  workers: 1,
  running: 0,
  waiting: 0,
  arrivals: 0,
  callMs: 200,
  startMs: 1000,
  ceiling: 8,
};

/** Asks the policy once a second, with the workers that it decided on. */
function replay(loads: readonly Partial<Load>[], settings: ScalingSettings = SETTINGS) {
  let state = startScaling(0);
  let { workers } = QUIET;
  return loads.map((load, second) => {
    const decision = decide(state, { ...QUIET, now: second * 1000, workers, ...load }, settings);
    ({ state, workers } = decision);
    return decision;
  });
}

const countsOf = (decisions: readonly { readonly workers: number }[]) =>
  decisions.map(({ workers }) => workers);

describe("decide", () => {
  it("starts as many workers as answer what waits in time, and not more than there are calls", () => {
    expect(replay([{ running: 1, waiting: 8, callMs: 200 }])[0]).toMatchObject({
      workers: 2, // 8.5 calls of 200 ms; 700 ms of them are left after the start, and should take 500 ms
      reason: "queue-wait",
    });
    expect(countsOf(replay([{ running: 1, waiting: 100 }]))).toEqual([4]);
    expect(countsOf(replay([{ running: 1, waiting: 1, callMs: 60_000 }]))).toEqual([2]);
  });

  it("starts none that would be ready when what waits is done", () => {
    expect(countsOf(replay([{ running: 1, waiting: 4, callMs: 200 }]))).toEqual([1]);
    expect(countsOf(replay([{ running: 1, waiting: 4, callMs: 200, startMs: 300 }]))).toEqual([2]);
  });

  it("lets a call wait as long as one takes, unless the app wants less", () => {
    const load = { running: 1, waiting: 2, callMs: 4000 };
    expect(countsOf(replay([load]))).toEqual([3]);
    expect(countsOf(replay([{ ...load, waiting: 1 }]))).toEqual([2]);
    const wanted = resolveScaling({ max: 4 }, { targetWaitMs: 9000 });
    expect(countsOf(replay([load], wanted))).toEqual([1]);
  });

  it("looks at the whole latency where that is the target", () => {
    const settings = resolveScaling({ max: 4 }, { targetLatencyMs: 300 });
    expect(countsOf(replay([{ running: 1, waiting: 7 }]))).toEqual([1]);
    expect(countsOf(replay([{ running: 1, waiting: 7 }], settings))).toEqual([4]);
  });

  it("starts workers for a rate that rises before calls wait, unless it shall not predict", () => {
    const rise = Array.from({ length: 8 }, (_, second) => ({ arrivals: second ** 2 / 2 }));
    const predicted = replay(rise);
    const first = predicted.find(({ reason }) => reason !== undefined);
    expect(first).toMatchObject({ reason: "prediction" });
    const waited = replay(rise, { ...SETTINGS, prediction: "none" });
    const indexOfChange = (all: typeof waited) => all.findIndex(({ reason }) => reason);
    expect(indexOfChange(predicted)).toBeLessThan(indexOfChange(waited));
  });

  it("ends workers after a quiet time, but keeps as many as it needed within it", () => {
    const busy = { running: 1, waiting: 100 };
    const some = { running: 2 };
    const quiet = Array.from({ length: 70 }, (_, second) => (second === 40 ? some : {}));
    const counts = countsOf(replay([busy, ...quiet]));
    expect(counts.slice(0, 30)).toEqual(Array<number>(30).fill(4));
    expect(counts.at(35)).toBe(1);
  });

  it("ends the last worker only when nothing was asked for idleMs, and starts it again at once", () => {
    const settings = resolveScaling({ min: 0, max: 2 }, { idleMs: 5000, cooldownDownMs: 0 });
    const idle = Array.from({ length: 7 }, () => ({}));
    const decisions = replay([{ running: 1 }, ...idle, { waiting: 1 }], settings);
    expect(countsOf(decisions)).toEqual([1, 1, 1, 1, 1, 0, 0, 0, 1]);
    expect(decisions[5]!.reason).toBe("idle");
  });

  it("keeps the worker of a call that takes longer than idleMs", () => {
    const settings = resolveScaling({ min: 0, max: 2 }, { idleMs: 0, cooldownDownMs: 0 });
    expect(countsOf(replay([{ running: 1 }, { running: 1 }, {}], settings))).toEqual([1, 1, 0]);
  });

  it("ends workers where fewer are allowed now", () => {
    const loads = [{ running: 1, waiting: 100 }, ...Array<Partial<Load>>(31).fill({ ceiling: 1 })];
    const last = replay(loads).at(-1);
    expect(last).toMatchObject({ workers: 1 });
  });
});

const settings = fc
  .record({
    min: fc.integer({ min: 0, max: 3 }),
    more: fc.integer({ min: 0, max: 5 }),
    targetWaitMs: fc.option(fc.integer({ min: 0, max: 5000 }), { nil: undefined }),
    targetLatencyMs: fc.oneof(fc.constant(Infinity), fc.integer({ min: 0, max: 5000 })),
    cooldownUpMs: fc.integer({ min: 0, max: 5000 }),
    cooldownDownMs: fc.integer({ min: 0, max: 60_000 }),
    idleMs: fc.integer({ min: 0, max: 60_000 }),
    prediction: fc.constantFrom("holt" as const, "none" as const),
  })
  .map(({ min, more, ...rest }) => ({ min, max: Math.max(1, min + more), ...rest }));

const looks = fc.array(
  fc.record({
    afterMs: fc.integer({ min: 0, max: 20_000 }),
    running: fc.integer({ min: 0, max: 8 }),
    waiting: fc.integer({ min: 0, max: 50 }),
    newCalls: fc.integer({ min: 0, max: 100 }),
    callMs: fc.option(fc.integer({ min: 1, max: 20_000 }), { nil: undefined }),
    startMs: fc.option(fc.integer({ min: 1, max: 20_000 }), { nil: undefined }),
    ceiling: fc.integer({ min: 1, max: 8 }),
  }),
  { maxLength: 80 },
);

describe("whatever is observed, decide", () => {
  it("stays within min, max and ceiling, and changes nothing within a cool-down", () => {
    fc.assert(
      fc.property(settings, looks, (settings, looks) => {
        let state = startScaling(0);
        let workers = settings.min;
        let now = 0;
        let arrivals = 0;
        let changedAt = -Infinity;
        for (const { afterMs, newCalls, ...look } of looks) {
          now += afterMs;
          arrivals += newCalls;
          const load = { ...look, now, arrivals, workers };
          const decision = decide(state, load, settings);
          const { workers: next } = decision;
          expect(next !== workers).toBe(decision.reason !== undefined);
          if (next !== workers) {
            const max = Math.max(1, Math.min(settings.max, look.ceiling));
            expect(next).toBeLessThanOrEqual(max);
            expect(next).toBeGreaterThanOrEqual(Math.min(settings.min, max));
            const cooldownMs = next > workers ? settings.cooldownUpMs : settings.cooldownDownMs;
            // Only a call that finds no worker at all does not wait for it.
            if (workers > 0) expect(now - changedAt).toBeGreaterThanOrEqual(cooldownMs);
            changedAt = now;
          }
          // No call starves: where one waits, there is a worker.
          if (look.waiting + look.running > 0) expect(next).toBeGreaterThan(0);
          workers = next;
          ({ state } = decision);
        }
      }),
    );
  });
});
