import { expect, it } from "vitest";
import { slopeOf, type Sample } from "./slope.ts";

/** Numbers around 0, from a seed: some bell-shaped noise. */
function noise(seed: number): () => number {
  let state = seed;
  const next = (): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) / 2 ** 24 - 0.5;
  };
  return () => Array.from({ length: 12 }, next).reduce((total, one) => total + one, 0);
}

const line = (count: number, slope: number, random: () => number): Sample[] =>
  Array.from({ length: count }, (_, x) => [x, 100 + slope * x + random()]);

it("finds the slope of a line, and says that it is not 0", () => {
  const slope = slopeOf(line(60, 0.5, noise(1)))!;
  expect(slope.perUnit).toBeCloseTo(0.5, 1);
  expect(slope.low).toBeGreaterThan(0);
});

it.each([
  ["that are independent", 0],
  ["that are like their neighbours", 0.8],
])("calls noise without a slope flat nineteen times of twenty, with values %s", (_, memory) => {
  let flat = 0;
  for (let seed = 1; seed <= 400; seed++) {
    const random = noise(seed);
    let last = 0;
    const { low, high } = slopeOf(line(120, 0, () => (last = memory * last + random())))!;
    if (low <= 0 && high >= 0) flat++;
  }
  expect(flat / 400).toBeGreaterThan(0.9);
  expect(flat / 400).toBeLessThan(0.99);
});

it("says nothing from a handful of measurements", () => {
  expect(slopeOf(line(7, 1, () => 0))).toBeUndefined();
});
