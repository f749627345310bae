import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { resolveScaling } from "../../src/scaling/settings.ts";
import { EMBEDDED, FULL_SIZE } from "./measured.ts";
import { countFlaps, toRow, toTable } from "./report.ts";
import { createFixed, createPolicy, createReactive } from "./rules.ts";
import { simulate, type Change } from "./simulate.ts";
import { createTraces, type SimulatedCall } from "./traces.ts";

const MACHINE = { startMs: 1000, ceiling: 8, min: 1 };

const callsAt = (...times: readonly number[]): SimulatedCall[] =>
  times.map((at) => ({ at, computeMs: 100 }));

describe("simulate", () => {
  it("lets calls wait for a worker that loads, and for those before them", () => {
    const { waits, workerSeconds } = simulate(callsAt(0, 50, 2000), createFixed(1), MACHINE, 8000);
    // The first worker is loaded at the beginning.
    expect(waits).toEqual([0, 50, 0]);
    expect(workerSeconds).toBe(10);
  });

  it("gives calls to a second worker only when it is loaded", () => {
    const rule = { name: "two", first: 1, wanted: () => 2 };
    const { waits, changes, workerSeconds } = simulate(
      callsAt(...Array<number>(15).fill(0)),
      rule,
      MACHINE,
      2000,
    );
    expect(changes).toEqual([{ at: 0, from: 1, to: 2 }]);
    // Ten calls run on the first worker in the first second, and then two at a time.
    expect(waits.slice(0, 10)).toEqual([0, 100, 200, 300, 400, 500, 600, 700, 800, 900]);
    expect(waits.slice(10)).toEqual([1000, 1000, 1100, 1100, 1200]);
    expect(workerSeconds).toBe(4);
  });

  it("ends a worker that has a call when the call is done", () => {
    let count = 2;
    const rule = { name: "fewer", first: 2, wanted: () => count };
    const busy = [
      { at: 0, computeMs: 4000 },
      { at: 0, computeMs: 4000 },
      { at: 1000, computeMs: 10 },
    ];
    const outcome = simulate(
      busy,
      { ...rule, wanted: ({ arrivals }) => (count = arrivals === 3 ? 1 : 2) },
      MACHINE,
      9000,
    );
    expect(outcome.changes).toEqual([{ at: 1000, from: 2, to: 1 }]);
    expect(outcome.waits).toEqual([0, 0, 3000]);
    expect(outcome.workerSeconds).toBe(4 + 10);
  });
});

describe("a report", () => {
  it("counts changes that took back the one before, and takes percentiles by the nearest rank", () => {
    const change = (at: number, from: number, to: number): Change => ({ at, from, to });
    const changes = [
      change(0, 1, 3),
      change(30_000, 3, 1),
      change(80_000, 1, 2),
      change(200_000, 2, 1),
    ];
    expect(countFlaps(changes)).toBe(2);
    const waits = Array.from({ length: 100 }, (_, index) => index + 1).reverse();
    const row = toRow("one", { waits, workerSeconds: 5, changes, workers: 1, endedAt: 0 });
    expect(row).toEqual({
      rule: "one",
      p50: 50,
      p95: 95,
      p99: 99,
      workerSeconds: 5,
      changes: 4,
      flaps: 2,
    });
    expect(toTable(new Map([["calls", [row]]]))).toContain("| calls | one | 0.1 s |");
  });
});

const scaling = fc
  .record({
    min: fc.integer({ min: 0, max: 2 }),
    more: fc.integer({ min: 0, max: 4 }),
    targetWaitMs: fc.option(fc.integer({ min: 0, max: 5000 }), { nil: undefined }),
    cooldownUpMs: fc.integer({ min: 0, max: 5000 }),
    cooldownDownMs: fc.integer({ min: 0, max: 60_000 }),
    idleMs: fc.integer({ min: 0, max: 60_000 }),
    prediction: fc.constantFrom("holt" as const, "none" as const),
  })
  .map(({ min, more, targetWaitMs, ...rest }) =>
    resolveScaling(
      { min, max: Math.max(1, min + more) },
      { ...rest, ...(targetWaitMs !== undefined && { targetWaitMs }) },
    ),
  );

/** Calls with pauses between them, of which some are none, and some longer than every idle time. */
const anyCalls = fc
  .array(
    fc.record({
      afterMs: fc.oneof(
        fc.constant(0),
        fc.integer({ min: 0, max: 2000 }),
        fc.integer({ min: 0, max: 150_000 }),
      ),
      computeMs: fc.integer({ min: 1, max: 20_000 }),
    }),
    { minLength: 1, maxLength: 60 },
  )
  .map((list) => {
    let at = 0;
    return list.map(({ afterMs, computeMs }) => ({ at: (at += afterMs), computeMs }));
  });

const machine = fc.record({
  startMs: fc.integer({ min: 1, max: 20_000 }),
  ceiling: fc.integer({ min: 1, max: 6 }),
});

describe("whatever calls come, the policy", () => {
  it("starts every call, stays within min and max, keeps its cool-downs, and scales to zero", () => {
    fc.assert(
      fc.property(scaling, anyCalls, machine, (settings, calls, { startMs, ceiling }) => {
        const { min, idleMs, cooldownUpMs, cooldownDownMs } = settings;
        const max = Math.max(1, Math.min(settings.max, ceiling));
        const least = Math.min(min, max);
        const tailMs = 1_800_000 + idleMs + cooldownDownMs;
        const outcome = simulate(calls, createPolicy(settings), { startMs, ceiling, min }, tailMs);
        // Every call starts, and none waits longer than one worker needs for all calls, with all starts.
        expect(outcome.waits).toHaveLength(calls.length);
        const startsMs = startMs * (1 + outcome.changes.length);
        const allMs = calls.reduce((sum, { computeMs }) => sum + computeMs, startsMs);
        for (const wait of outcome.waits) expect(wait).toBeLessThanOrEqual(allMs);
        outcome.changes.forEach(({ at, from, to }, index) => {
          expect(to).toBeLessThanOrEqual(max);
          expect(to).toBeGreaterThanOrEqual(least);
          // Only a call that finds no worker at all does not wait for a cool-down.
          const before = outcome.changes[index - 1];
          if (!before || from === 0) return;
          expect(at - before.at).toBeGreaterThanOrEqual(to > from ? cooldownUpMs : cooldownDownMs);
        });
        expect(outcome.workers).toBe(least);
      }),
      { numRuns: 100 },
    );
  });
});

describe("where it is compared, the policy", () => {
  // What the table of docs/pool.md is there for: where it made calls wait longer than the reactive rule, it would have to change.
  it.each([EMBEDDED, FULL_SIZE])(
    "makes calls wait no longer than the reactive rule, with fewer changes: $name",
    (kit) => {
      const settings = resolveScaling({ min: 1, max: 4 });
      const place = { startMs: kit.startMs, ceiling: 4, min: 1 };
      for (const { name, calls } of createTraces(kit, 1)) {
        const ours = toRow("ours", simulate(calls, createPolicy(settings), place));
        const other = toRow("other", simulate(calls, createReactive(settings), place));
        expect(ours.p95, name).toBeLessThanOrEqual(other.p95 + 50);
        expect(ours.flaps, name).toBeLessThanOrEqual(other.flaps);
      }
    },
  );
});
