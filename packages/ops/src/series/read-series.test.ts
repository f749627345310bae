import { describe, expect, it } from "vitest";
import { countOf, histogramOf, lastOf, meanOf, percentileOf } from "./read-series.ts";
import { createSeriesSet } from "./series-set.ts";
import type { Series, SeriesAttributes } from "./series.ts";

function seconds(values: readonly number[], attributes: SeriesAttributes = {}): readonly Series[] {
  const set = createSeriesSet();
  for (const value of values) set.add({ name: "x.duration", unit: "s", value, attributes }, 0);
  return set.list();
}

const percentile = (values: readonly number[], share: number): number | undefined =>
  percentileOf(histogramOf(seconds(values), "x.duration"), share);

describe("percentileOf", () => {
  it("is within one bucket of the true percentile of many values", () => {
    const values = Array.from({ length: 1000 }, (_, index) => 0.002 * (index + 1));
    for (const share of [0.05, 0.5, 0.95, 0.99]) {
      const truth = values[Math.ceil(share * values.length) - 1]!;
      expect(percentile(values, share)! / truth).toBeGreaterThan(2 / 3);
      expect(percentile(values, share)! / truth).toBeLessThan(1.5);
    }
  });

  it("never leaves what was seen, also beyond the last bound", () => {
    expect(percentile([0.7], 0.5)).toBe(0.7);
    expect(percentile([0.7], 0.99)).toBe(0.7);
    expect(percentile([400, 600], 1)).toBe(600);
    expect(percentile([0.6, 0.6], 0)).toBe(0.6);
  });

  it("is undefined where there is nothing", () => {
    expect(percentileOf(undefined, 0.5)).toBeUndefined();
  });
});

it("puts series with other attributes together, or picks some of them", () => {
  const all = [
    ...seconds([1, 1, 1], { "vlm.device": "wasm", "vlm.cached": false }),
    ...seconds([3], { "vlm.device": "webgpu" }),
  ];
  expect(meanOf(histogramOf(all, "x.duration"))).toBe(1.5);
  expect(countOf(all, "x.duration", { "vlm.device": "wasm" })).toBe(3);
  expect(countOf(all, "x.duration", { "vlm.device": ["wasm", "webgpu"] })).toBe(4);
  expect(countOf(all, "x.duration", { "vlm.cached": null })).toBe(1);
  expect(countOf(all, "y.duration")).toBe(0);
});

it("takes the newest value of several gauges", () => {
  const set = createSeriesSet();
  const gauge = (value: number, scope: string) =>
    ({ name: "vlm.page.memory", unit: "By", value, attributes: { scope } }) as const;
  set.add(gauge(5, "a"), 20);
  set.add(gauge(9, "b"), 10);
  expect(lastOf(set.list(), "vlm.page.memory")).toBe(5);
});
