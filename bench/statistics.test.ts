import { expect, test } from "vitest";
import { advantage, best, median, range } from "./statistics.ts";

test("takes the middle of an odd and of an even number of values", () => {
  expect(median([5, 1, 3])).toBe(3);
  expect(median([4, 1, 3, 10])).toBe(3.5);
  expect(median([0])).toBe(0);
});

test("has no median of nothing", () => {
  expect(median([])).toBeNaN();
});

test("does not disturb the order of what it is given", () => {
  const values = [3, 1, 2];
  median(values);
  expect(values).toEqual([3, 1, 2]);
});

test("spans from the smallest to the largest", () => {
  expect(range([3, 1, 2])).toEqual([1, 3]);
});

test("is above 1 where we are better, whichever way is better", () => {
  expect(advantage(100, 300, "lower")).toBe(3);
  expect(advantage(30, 10, "higher")).toBe(3);
  expect(advantage(300, 100, "lower")).toBeCloseTo(1 / 3);
});

test("knows which end of the range is the better one", () => {
  expect(best([3, 1, 2], "lower")).toBe(1);
  expect(best([3, 1, 2], "higher")).toBe(3);
});
