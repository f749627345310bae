import { describe, expect, it } from "vitest";
import { expectedRate, observe, startForecast } from "./forecast.ts";

/** The forecast after so many seconds, of which each brought some calls. */
function after(counts: readonly number[]) {
  let count = 0;
  return counts.reduce((forecast, calls, second) => {
    count += calls;
    return observe(forecast, (second + 1) * 1000, count, 100);
  }, startForecast(0));
}

const perSecond = (counts: readonly number[], aheadMs: number): number =>
  expectedRate(after(counts), aheadMs) * 1000;

describe("a forecast", () => {
  it("finds a steady rate, and expects it to stay", () => {
    const steady = Array<number>(30).fill(6);
    expect(perSecond(steady, 0)).toBeCloseTo(6, 1);
    expect(perSecond(steady, 5000)).toBeCloseTo(6, 1);
  });

  it("expects a rise to go on, but not for ever", () => {
    const rise = Array.from({ length: 15 }, (_, second) => second);
    expect(perSecond(rise, 2000)).toBeGreaterThan(perSecond(rise, 0) + 0.5);
    expect(perSecond(rise, 60_000)).toBeLessThan(30);
  });

  it("forgets a burst, and never expects less than nothing", () => {
    const burst = [100, 100, ...Array<number>(30).fill(0)];
    expect(perSecond(burst, 0)).toBeLessThan(0.1);
    expect(perSecond([100, 0, 0], 10_000)).toBeGreaterThanOrEqual(0);
  });

  it("smooths over a longer time where calls are long and few", () => {
    const one = [0, 0, 0, 1];
    const long = one.reduce(
      (forecast, calls, second) => observe(forecast, (second + 1) * 1000, calls, 5000),
      startForecast(0),
    );
    expect(perSecond(one, 0)).toBeGreaterThan(0.4);
    expect(expectedRate(long, 0) * 1000).toBeLessThan(0.1);
  });

  it("takes calls as evenly spread when nobody looked for a while", () => {
    const forecast = observe(startForecast(0), 10_000, 50, 100);
    expect(expectedRate(forecast, 0) * 1000).toBeCloseTo(5, 0);
  });
});
