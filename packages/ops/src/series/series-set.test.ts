import { expect, it } from "vitest";
import { createSeriesSet, mergeSeries } from "./series-set.ts";
import type { Point } from "./series.ts";

const hit: Point = { name: "vlm.model.cache.hits", unit: "1", value: 1, attributes: {} };

it("merges sets of several tabs as if one had measured all", () => {
  const points: readonly Point[] = [
    hit,
    { name: "vlm.vision.duration", unit: "s", value: 0.2, attributes: { "vlm.device": "wasm" } },
    { name: "vlm.vision.duration", unit: "s", value: 0.002, attributes: { "vlm.device": "wasm" } },
    { name: "vlm.page.memory", unit: "By", value: 10, attributes: {} },
    { name: "vlm.page.memory", unit: "By", value: 4, attributes: {} },
    hit,
  ];
  const [all, odd, even] = [createSeriesSet(), createSeriesSet(), createSeriesSet()];
  points.forEach((point, index) => {
    all.add(point, index);
    (index % 2 === 0 ? even : odd).add(point, index);
  });
  expect(mergeSeries(odd.list(), even.list())).toEqual(
    expect.arrayContaining([...all.list()]) as unknown,
  );
  expect(mergeSeries(odd.list(), even.list())).toHaveLength(3);
});

it("knows the same attributes in another order", () => {
  const set = createSeriesSet();
  set.add({ ...hit, attributes: { a: 1, b: 2 } }, 0);
  set.add({ ...hit, attributes: { b: 2, a: 1 } }, 0);
  expect(set.list()).toMatchObject([{ value: 2 }]);
});

it("does not change what it has listed", () => {
  const set = createSeriesSet();
  set.add(hit, 0);
  const listed = set.list();
  set.add(hit, 0);
  expect(listed).toMatchObject([{ value: 1 }]);
});

it("counts what has too many different attributes without them, and loses none", () => {
  const set = createSeriesSet();
  for (let n = 0; n < 1000; n++) set.add({ ...hit, attributes: { n } }, 0);
  const series = set.list();
  expect(series.length).toBeLessThanOrEqual(401);
  expect(series.at(-1)).toMatchObject({ attributes: { "otel.metric.overflow": true } });
  const sum = series.reduce((total, one) => total + (one.kind === "counter" ? one.value : 0), 0);
  expect(sum).toBe(1000);
});

it("takes no value that is not a number, which would spoil the sum", () => {
  const set = createSeriesSet();
  set.add({ ...hit, value: NaN }, 0);
  set.add({ ...hit, value: Infinity }, 0);
  expect(set.list()).toEqual([]);
});
