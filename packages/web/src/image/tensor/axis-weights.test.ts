import { describe, expect, it } from "vitest";
import { BICUBIC, LANCZOS, toAxisWeights, WEIGHT_BITS, type Axis } from "./axis-weights.ts";

/** An axis without padding or cropping. */
function plain(sourceLength: number, outputLength: number): Axis {
  return {
    sourceLength,
    sourceOffset: 0,
    lineLength: sourceLength,
    resizedLength: outputLength,
    outputOffset: 0,
    outputLength,
  };
}

/** Source positions and weights of one output position, in ones. */
function tapsOf(
  axis: Axis,
  output: number,
  filter = BICUBIC,
): [position: number, weight: number][] {
  const { starts, counts, weights, stride } = toAxisWeights(axis, filter);
  return Array.from({ length: counts[output] ?? 0 }, (_, tap) => [
    (starts[output] ?? 0) + tap,
    (weights[output * stride + tap] ?? 0) / 2 ** WEIGHT_BITS,
  ]);
}

describe("toAxisWeights", () => {
  it("copies where nothing is resized", () => {
    for (let output = 0; output < 9; output += 1) {
      expect(tapsOf(plain(9, 9), output)).toEqual([[output, 1]]);
    }
  });

  it.each([
    [100, 7],
    [7, 100],
    [4000, 1024],
  ])("mixes each pixel from weights that add up to one (%i to %i)", (from, to) => {
    for (const output of [0, 1, Math.floor(to / 2), to - 1]) {
      const sum = tapsOf(plain(from, to), output).reduce((total, [, weight]) => total + weight, 0);
      expect(sum).toBeCloseTo(1, 5);
    }
  });

  it("widens the filter when shrinking, and only then", () => {
    expect(tapsOf(plain(400, 100), 50)).toHaveLength(16);
    expect(tapsOf(plain(100, 400), 200)).toHaveLength(4);
    expect(tapsOf(plain(400, 100), 50, LANCZOS)).toHaveLength(24);
    expect(tapsOf(plain(100, 400), 200, LANCZOS)).toHaveLength(6);
  });

  it("says which output positions see the image, with the blend across the seam", () => {
    const axis = { ...plain(8, 16), sourceOffset: 4, lineLength: 16 };
    expect(toAxisWeights(axis, BICUBIC)).toMatchObject({ first: 4, last: 12 });
    const doubled = { ...axis, resizedLength: 32, outputLength: 32 };
    expect(toAxisWeights(doubled, BICUBIC)).toMatchObject({ first: 5, last: 27 }); // 3 past the seam
  });

  it("computes only what cropping leaves", () => {
    const cropped = { ...plain(100, 100), outputOffset: 30, outputLength: 40 };
    expect(tapsOf(cropped, 0)).toEqual([[30, 1]]);
    expect(tapsOf(cropped, 39)).toEqual([[69, 1]]);
  });
});
