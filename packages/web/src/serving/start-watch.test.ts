import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { StartPhase } from "../protocol/errors.ts";
import { START_LIMITS_MS, StartWatch } from "./start-watch.ts";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

function open() {
  const expired: StartPhase[] = [];
  return { expired, watch: new StartWatch((phase) => expired.push(phase)) };
}

describe("StartWatch", () => {
  it.each(Object.entries(START_LIMITS_MS) as [StartPhase, number][])(
    "ends a start that says nothing in phase %s for %i ms, once",
    (phase, limit) => {
      const { expired, watch } = open();
      watch.enter(phase);
      vi.advanceTimersByTime(limit - 1000);
      expect(expired).toEqual([]);
      vi.advanceTimersByTime(1000);
      expect(expired).toEqual([phase]);
      vi.advanceTimersByTime(10 * limit);
      expect(expired).toEqual([phase]);
    },
  );

  it("lets a slow start go on as long as something comes", () => {
    const { expired, watch } = open();
    watch.enter("threads");
    for (let sign = 0; sign < 10; sign++) {
      vi.advanceTimersByTime(START_LIMITS_MS.threads - 1000);
      watch.sign();
    }
    watch.enter("threads");
    vi.advanceTimersByTime(START_LIMITS_MS.threads - 1000);
    expect(expired).toEqual([]);
  });

  it("counts no time in which the page itself stood still", () => {
    const { expired, watch } = open();
    watch.enter("threads");
    vi.advanceTimersByTime(1000);
    const later = performance.now() + 3_600_000;
    vi.spyOn(performance, "now").mockReturnValue(later); // One late tick after an hour.
    vi.advanceTimersByTime(1000);
    expect(expired).toEqual([]);
  });

  it("waits while the app has paused downloads, and ends with the start", () => {
    const { expired, watch } = open();
    watch.enter("first-run");
    watch.isPaused = true;
    vi.advanceTimersByTime(10 * START_LIMITS_MS["first-run"]);
    watch.isPaused = false;
    watch.end();
    vi.advanceTimersByTime(10 * START_LIMITS_MS["first-run"]);
    expect(expired).toEqual([]);
  });
});
