import { describe, expect, it } from "vitest";
import { VlmError } from "../protocol/errors.ts";
import type { ImageHeader } from "./formats/image-header.ts";
import { chooseCopiedSize, chooseDecodedSize } from "./choose-decoded-size.ts";
import { DEFAULT_IMAGE_LIMITS } from "./limits.ts";

function refusal(change: Partial<ImageHeader>, byteLength = 1000, limits = DEFAULT_IMAGE_LIMITS) {
  const base = { kind: "jpeg", width: 100, height: 100, segments: 10, scans: 1 } as const;
  try {
    chooseDecodedSize({ ...base, ...change }, byteLength, limits, false);
    return undefined;
  } catch (error) {
    if (!VlmError.is(error, "image-too-large")) throw error;
    return { message: error.message, ...error.details };
  }
}

describe("chooseDecodedSize", () => {
  it.each<[string, Partial<ImageHeader>, number?]>([
    ["an ordinary image", {}],
    ["a photograph of 40 megapixels", { width: 8000, height: 5000 }],
    ["the longest side", { width: 16_384, height: 2000 }],
    ["the narrowest strip", { width: 200, height: 1 }],
    ["the largest file", {}, 50 * 2 ** 20],
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
    expect(refusal({}, 50.5 * 2 ** 20)).toMatchObject({
      message:
        "The image's file has 50.5 MiB, more than the limit of 50 MiB. " +
        "Shrink it, or raise `imageLimits.maxBytes`.",
      what: "bytes",
    });
  });

  it.each<[Partial<ImageHeader>, string, number, number, string]>([
    [{ width: 3, height: 606 }, "ratio", 202, 200, "maxRatio"],
    [{ segments: 2001 }, "segments", 2001, 2000, "maxSegments"],
    [{ scans: 101 }, "segments", 101, 100, "maxScans"],
    [{ width: 8000, height: 5000, scans: 51 }, "segments", 51, 50, "maxScans"],
    [{ kind: "png", segments: 10_001, scans: 0 }, "segments", 10_001, 10_000, "maxChunks"],
    [{ width: 65_535, height: 65_535 }, "pixels", 65_535 ** 2, 40e6, "maxPixels"],
    [{ kind: "ico", decoded: { width: 7000, height: 6000 } }, "pixels", 42e6, 40e6, "maxPixels"],
    [{ width: 2 ** 32 - 1, height: 2 ** 32 - 1 }, "pixels", (2 ** 32 - 1) ** 2, 40e6, "maxPixels"],
  ])("refuses %o", (change, what, actual, limit, name) => {
    const refused = refusal(change);
    expect(refused).toMatchObject({ what, actual, limit });
    expect(refused?.message).toContain(`or raise \`imageLimits.${name}\`.`);
  });

  it.each<[string, Partial<ImageHeader>, boolean, readonly [number, number] | undefined]>([
    ["a photograph of 40 megapixels", { width: 8000, height: 5000 }, true, undefined],
    ["a photograph of 48 megapixels", { width: 8000, height: 6000 }, true, [4618, 3464]],
    ["a photograph of 108 megapixels", { width: 12_000, height: 9000 }, true, [4618, 3464]],
    ["a panorama in a PNG", { kind: "png", width: 20_000, height: 500 }, false, [16_384, 409]],
    ["a large PNG", { kind: "png", width: 12_000, height: 9000 }, true, [4618, 3464]],
    ["what the browser decodes whole", { width: 8000, height: 6000 }, false, [4618, 3464]],
    ["an AVIF", { kind: "avif", width: 8000, height: 6000, planeBytes: 6 }, false, [4618, 3464]],
    ["a JPEG XL", { kind: "jxl", width: 8000, height: 6000 }, false, [4618, 3464]],
    ["a panorama of 60 megapixels", { width: 20_000, height: 3000 }, true, [10_327, 1549]],
  ])("reduces %s", (_, change, canScale, size) => {
    const header = {
      kind: "jpeg",
      segments: 10,
      scans: 1,
      width: 1,
      height: 1,
      ...change,
    } as const;
    const chosen = chooseDecodedSize(header, 1000, DEFAULT_IMAGE_LIMITS, canScale);
    expect(chosen && [chosen.width, chosen.height]).toEqual(size);
  });

  it.each<[string, Partial<ImageHeader>, boolean]>([
    ["whose samples take more memory", { kind: "avif", planeBytes: 9 }, true],
    ["whose tiles are more", { kind: "avif", decoded: { width: 8000, height: 14_000 } }, true],
    ["that the browser would decode whole", { width: 20_000, height: 5501 }, false],
    ["that it would decode whole and keep", { scans: 2, coefficients: 125e6 }, false],
    ["with more pixels than may be reduced", { width: 20_000, height: 10_001 }, true],
    ["that a decoder keeps whole", { scans: 10, coefficients: 221e6 }, true],
  ])("refuses an image of 48 megapixels or more %s", (_, change, canScale) => {
    const header = { kind: "jpeg", width: 8000, height: 6000, segments: 0, scans: 1 } as const;
    expect(() =>
      chooseDecodedSize({ ...header, ...change }, 1000, DEFAULT_IMAGE_LIMITS, canScale),
    ).toThrow(expect.objectContaining({ code: "image-too-large" }));
  });

  it("says what to do about an AVIF that takes too much memory", () => {
    const large = { kind: "avif", width: 8000, height: 6000, planeBytes: 12 } as const;
    expect(refusal(large)?.message).toBe(
      "The image is 8000 × 6000 pixels, too many for an AVIF of this kind, whose samples are in memory beside its pixels " +
        "while it is decoded. Save it again with 8 bits a sample, without transparency, or as JPEG, or shrink it.",
    );
  });

  it("goes by the limits it is given", () => {
    const limits = { ...DEFAULT_IMAGE_LIMITS, maxPixels: Infinity, maxSide: 20_000 };
    expect(refusal({ width: 20_000, height: 20_000 }, 1, limits)).toBeUndefined();
  });
});

describe("chooseCopiedSize", () => {
  it.each<[string, readonly [number, number], readonly [number, number] | undefined]>([
    ["small pixels as they are", [8000, 5000], undefined],
    ["large ones as those of a file that is decoded whole", [12_000, 9000], [4618, 3464]],
    ["a long strip to the longest side", [20_000, 500], [16_384, 409]],
  ])("takes %s", (_, [width, height], size) => {
    const chosen = chooseCopiedSize({ width, height }, DEFAULT_IMAGE_LIMITS);
    expect(chosen && [chosen.width, chosen.height]).toEqual(size);
  });

  it("refuses what would be in memory twice, what is too narrow, and what the app has ruled out", () => {
    const refused = expect.objectContaining({ code: "image-too-large" }) as Error;
    const own = { ...DEFAULT_IMAGE_LIMITS, maxPixels: 1e6, maxReducedPixels: 1e6 };
    for (const [width, height, limits] of [
      [20_000, 5501, DEFAULT_IMAGE_LIMITS],
      [3, 606, DEFAULT_IMAGE_LIMITS],
      [1200, 900, own],
    ] as const) {
      expect(() => chooseCopiedSize({ width, height }, limits)).toThrow(refused);
    }
  });
});
