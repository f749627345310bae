import { expect, it } from "vitest";
import { formatBytes, formatNumber, formatSeconds, formatShare } from "./format.ts";

it.each([
  [formatSeconds(0.0361234), "36.1 ms"],
  [formatSeconds(1.2345), "1.23 s"],
  [formatSeconds(600), "10 min"],
  [formatSeconds(0), "0 ms"],
  [formatBytes(0), "0 B"],
  [formatBytes(999), "999 B"],
  [formatBytes(1_500_000), "1.5 MB"],
  [formatBytes(10 ** 16), "10,000 TB"],
  [formatShare(0.9991), "99.9 %"],
  [formatNumber(12_345), "12,345"],
  [formatNumber(0.18333), "0.183"],
  [formatNumber(undefined), "–"],
])("%s is %s", (written, expected) => {
  expect(written).toBe(expected);
});
