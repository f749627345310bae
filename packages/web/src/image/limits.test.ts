import { describe, expect, it } from "vitest";
import { VlmError } from "../protocol/errors.ts";
import type { ImageHeader } from "./formats/image-header.ts";
import {
  assertByteLength,
  assertSides,
  assertWithinLimits,
  DEFAULT_IMAGE_LIMITS,
} from "./limits.ts";

function refusal(change: Partial<ImageHeader>, byteLength = 1000, limits = DEFAULT_IMAGE_LIMITS) {
  const base = { kind: "jpeg", width: 100, height: 100, segments: 10, scans: 1 } as const;
  try {
    assertWithinLimits({ ...base, ...change }, byteLength, limits);
    return undefined;
  } catch (error) {
    if (!VlmError.is(error, "image-too-large")) throw error;
    return { message: error.message, ...error.details };
  }
}

describe("assertWithinLimits", () => {
  it.each<[string, Partial<ImageHeader>, number?]>([
    ["an ordinary image", {}],
    ["a photograph of 40 megapixels", { width: 8000, height: 5000 }],
    ["the longest side", { width: 16_384, height: 2000 }],
    ["the narrowest strip", { width: 200, height: 1 }],
    ["the largest file", {}, 20 * 2 ** 20],
    ["2000 segments and 100 scans", { segments: 2000, scans: 100 }],
    ["10000 chunks", { kind: "png", segments: 10_000, scans: 0 }],
  ])("lets %s through", (_, change, byteLength) => {
    expect(refusal(change, byteLength)).toBeUndefined();
  });

  it("says what is too much, by how much, and what to do", () => {
    expect(refusal({ width: 20_000, height: 20_000 })).toEqual({
      message:
        "The image is 20000 × 20000 pixels, more than the limit of 40 megapixels. " +
        "Shrink it, or raise `imageLimits.maxPixels`.",
      what: "pixels",
      actual: 400e6,
      limit: 40e6,
    });
    expect(refusal({}, 30.5 * 2 ** 20)).toMatchObject({
      message:
        "The image's file has 30.5 MiB, more than the limit of 20 MiB. " +
        "Shrink it, or raise `imageLimits.maxBytes`.",
      what: "bytes",
    });
  });

  it.each<[Partial<ImageHeader>, string, number, number, string]>([
    [{ width: 16_385 }, "side", 16_385, 16_384, "maxSide"],
    [{ height: 16_385 }, "side", 16_385, 16_384, "maxSide"],
    [{ width: 3, height: 606 }, "ratio", 202, 200, "maxRatio"],
    [{ segments: 2001 }, "segments", 2001, 2000, "maxSegments"],
    [{ scans: 101 }, "segments", 101, 100, "maxScans"],
    [{ kind: "png", segments: 10_001, scans: 0 }, "segments", 10_001, 10_000, "maxChunks"],
    [{ width: 65_535, height: 65_535 }, "pixels", 65_535 ** 2, 40e6, "maxPixels"],
    [{ decoded: { width: 7000, height: 6000 } }, "pixels", 42e6, 40e6, "maxPixels"],
    [{ width: 2 ** 32 - 1, height: 2 ** 32 - 1 }, "pixels", (2 ** 32 - 1) ** 2, 40e6, "maxPixels"],
  ])("refuses %o", (change, what, actual, limit, name) => {
    const refused = refusal(change);
    expect(refused).toMatchObject({ what, actual, limit });
    expect(refused?.message).toContain(`or raise \`imageLimits.${name}\`.`);
  });

  it("goes by the limits it is given", () => {
    const limits = { ...DEFAULT_IMAGE_LIMITS, maxPixels: Infinity, maxSide: 20_000 };
    expect(refusal({ width: 20_000, height: 20_000 }, 1, limits)).toBeUndefined();
  });
});

describe("assertSides", () => {
  it("needs no file", () => {
    expect(() => {
      assertSides({ width: 8000, height: 5000 }, DEFAULT_IMAGE_LIMITS);
    }).not.toThrow();
    for (const [width, height] of [
      [8001, 5000],
      [1, 201],
      [1, 0],
      [0, 0],
    ] as const) {
      expect(() => {
        assertSides({ width, height }, DEFAULT_IMAGE_LIMITS);
      }).toThrow(VlmError);
    }
  });
});

describe("assertByteLength", () => {
  it("needs no header", () => {
    expect(() => {
      assertByteLength(20 * 2 ** 20, DEFAULT_IMAGE_LIMITS);
    }).not.toThrow();
    expect(() => {
      assertByteLength(20 * 2 ** 20 + 1, DEFAULT_IMAGE_LIMITS);
    }).toThrow(VlmError);
  });
});
