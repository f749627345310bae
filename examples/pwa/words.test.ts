import { describe, expect, test } from "vitest";
import { countInWords, progressInWords, sizeInWords, timeLeftInWords } from "./words.ts";

describe("time left", () => {
  test.each([
    [0, "about a second left"],
    [1_001, "about 2 s left"],
    [59_000, "about 59 s left"],
    [59_001, "about 1 min left"],
    [61_000, "about 2 min left"],
    [3_540_001, "about 1 h 0 min left"],
    [5_400_000, "about 1 h 30 min left"],
  ])("%d ms", (milliseconds, words) => {
    expect(timeLeftInWords(milliseconds)).toBe(words);
  });
});

describe("progress", () => {
  const progress = {
    state: "downloading",
    loadedBytes: 6_100_000,
    totalBytes: 18_700_000,
    cachedBytes: 0,
    bytesPerSecond: 2_300_000,
    remainingMs: 5_478,
  } as const;

  test("has percentage, bytes, rate and time left", () => {
    expect(progressInWords(progress)).toBe("32 % · 6.1 of 18.7 MB · 2.3 MB/s · about 6 s left");
  });

  test("has neither rate nor time while nothing arrives", () => {
    const words = "32 % · 6.1 of 18.7 MB";
    expect(progressInWords({ ...progress, state: "paused" })).toBe(words);
    expect(progressInWords({ ...progress, bytesPerSecond: 0, remainingMs: undefined })).toBe(words);
  });

  test("keeps both units where they differ", () => {
    const large = { ...progress, loadedBytes: 999_000_000, totalBytes: 1_100_000_000 };
    expect(progressInWords({ ...large, state: "paused" })).toBe("90 % · 999 MB of 1.10 GB");
  });

  test("is at 100 % only when complete, and survives a total of nothing", () => {
    expect(progressInWords({ ...progress, loadedBytes: 18_699_999 })).toMatch(/^99 %/);
    expect(progressInWords({ ...progress, loadedBytes: 0, totalBytes: 0 })).toMatch(/^0 %/);
  });
});

test("sizes have two places, and their unit", () => {
  expect(sizeInWords(14_264_838)).toBe("14.26 MB");
  expect(sizeInWords(1_144_000_000)).toBe("1.14 GB");
});

test("counts have their plural", () => {
  expect(countInWords(1, "picture")).toBe("1 picture");
  expect(countInWords(2, "picture")).toBe("2 pictures");
});
