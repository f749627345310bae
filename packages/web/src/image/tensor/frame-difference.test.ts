import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { frameDifference, THUMBNAIL_SIDE } from "./frame-difference.ts";

const BYTES = THUMBNAIL_SIDE * THUMBNAIL_SIDE * 4;

type Colour = readonly [number, number, number];

function plain([red, green, blue]: Colour): Uint8ClampedArray {
  const pixels = new Uint8ClampedArray(BYTES);
  for (let at = 0; at < BYTES; at += 4) pixels.set([red, green, blue, 255], at);
  return pixels;
}

/** @returns a copy of `image` with a square of another colour in it */
function withSquare(
  image: Uint8ClampedArray,
  { x: left, y: top, side }: { x: number; y: number; side: number },
  [red, green, blue]: Colour,
): Uint8ClampedArray {
  const pixels = image.slice();
  for (let y = top; y < top + side; y += 1) {
    for (let x = left; x < left + side; x += 1) {
      pixels.set([red, green, blue, 255], (y * THUMBNAIL_SIDE + x) * 4);
    }
  }
  return pixels;
}

const GREY: Colour = [100, 100, 100];
const WHITE: Colour = [255, 255, 255];

describe("frameDifference", () => {
  it("is 0 for the same image and 1 for black beside white", () => {
    expect(frameDifference(plain(GREY), plain(GREY))).toBe(0);
    expect(frameDifference(plain([0, 0, 0]), plain(WHITE))).toBe(1);
  });

  it("is the step in brightness when all of the image gets brighter", () => {
    expect(frameDifference(plain(GREY), plain([105, 105, 105]))).toBeCloseTo(5 / 255, 10);
  });

  it("sees a colour change at the same brightness", () => {
    expect(frameDifference(plain([255, 0, 0]), plain([0, 130, 0]))).toBeGreaterThan(0.4);
  });

  it("makes more of a small thing than the mean over the image does", () => {
    const changed = withSquare(plain(GREY), { x: 5, y: 9, side: 2 }, WHITE);
    // Four of a block's 16 pixels, four of the image's 256.
    expect(frameDifference(plain(GREY), changed)).toBeCloseTo(((4 / 16) * 155) / 255, 10);
  });

  it("sees a change of one pixel anywhere, to the last corner", () => {
    for (let y = 0; y < THUMBNAIL_SIDE; y += 1) {
      for (let x = 0; x < THUMBNAIL_SIDE; x += 1) {
        const changed = withSquare(plain(GREY), { x, y, side: 1 }, WHITE);
        expect(frameDifference(plain(GREY), changed)).toBeCloseTo(155 / 255 / 16, 10);
      }
    }
  });

  it("sees two pixels side by side as one thing, wherever they lie", () => {
    for (let y = 0; y < THUMBNAIL_SIDE - 1; y += 1) {
      for (let x = 0; x < THUMBNAIL_SIDE - 1; x += 1) {
        const changed = withSquare(plain(GREY), { x, y, side: 2 }, WHITE);
        expect(frameDifference(plain(GREY), changed)).toBeCloseTo(((4 / 16) * 155) / 255, 10);
      }
    }
  });

  it("does not look at the alpha channel", () => {
    const transparent = plain(GREY).map((value, at) => (at % 4 === 3 ? 0 : value));
    expect(frameDifference(plain(GREY), transparent)).toBe(0);
  });

  const image = fc
    .uint8Array({ minLength: BYTES, maxLength: BYTES })
    .map((bytes) => new Uint8ClampedArray(bytes));

  it("is a distance: symmetric, never negative, never above 1, and no longer by a detour", () => {
    fc.assert(
      fc.property(image, image, image, (a, b, c) => {
        const direct = frameDifference(a, c);
        expect(frameDifference(a, a)).toBe(0);
        expect(direct).toBeGreaterThanOrEqual(0);
        expect(direct).toBeLessThanOrEqual(1);
        expect(frameDifference(c, a)).toBe(direct);
        expect(direct).toBeLessThanOrEqual(
          frameDifference(a, b) + frameDifference(b, c) + Number.EPSILON,
        );
      }),
    );
  });

  it("is never below the mean difference over the image", () => {
    fc.assert(
      fc.property(image, image, (a, b) => {
        let sum = 0;
        for (let at = 0; at < BYTES; at += 1) if (at % 4 !== 3) sum += Math.abs(a[at]! - b[at]!);
        const mean = sum / ((BYTES / 4) * 3 * 255);
        expect(frameDifference(a, b)).toBeGreaterThanOrEqual(mean - Number.EPSILON);
      }),
    );
  });
});
