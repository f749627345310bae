import { describe, expect, it } from "vitest";
import { VlmError } from "../protocol/errors.ts";
import {
  assertByteLength,
  assertSides,
  DEFAULT_IMAGE_LIMITS,
  resolveImageLimits,
} from "./limits.ts";

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
      assertByteLength(50 * 2 ** 20, DEFAULT_IMAGE_LIMITS);
    }).not.toThrow();
    expect(() => {
      assertByteLength(50 * 2 ** 20 + 1, DEFAULT_IMAGE_LIMITS);
    }).toThrow(VlmError);
  });
});

describe("resolveImageLimits", () => {
  it("refuses what is over an app's own number of pixels, unless it asks for more", () => {
    expect(resolveImageLimits()).toEqual(DEFAULT_IMAGE_LIMITS);
    expect(resolveImageLimits({ maxPixels: 1e6 })).toMatchObject({ maxReducedPixels: 1e6 });
    const both = { maxPixels: 1e6, maxReducedPixels: 9e6 };
    expect(resolveImageLimits(both)).toMatchObject(both);
  });
});
