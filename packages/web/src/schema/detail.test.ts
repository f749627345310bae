import { expect, it } from "vitest";
import type { ImageDetail } from "../protocol/options.ts";
import { assertDetail } from "./detail.ts";

const sides = { step: 48, most: 96, leastAuto: 48 };

it.each([undefined, "low", "medium", "high", "auto", 48, 96] as const)("takes %s", (value) => {
  assertDetail(value, sides);
});

it.each([0, -48, 47, 49, 144, NaN, Infinity, "Low", null])("refuses %s", (value) => {
  expect(() => {
    assertDetail(value as ImageDetail, sides);
  }).toThrow(
    /^Expected `detail` to be "low", "medium", "high", "auto" or a multiple of 48 from 48 to 96, got /,
  );
});
