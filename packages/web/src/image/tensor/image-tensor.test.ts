import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { toImageTensor, type ImageTensorOptions } from "./image-tensor.ts";
import type { ImagePixels } from "./resample.ts";

const UNIT = { mean: [0, 0, 0], deviation: [1, 1, 1] } as const;

/** In the range from 0 to 1. */
const toUnitTensor = (pixels: ImagePixels, options: Omit<ImageTensorOptions, "range">) =>
  toImageTensor(pixels, { ...options, range: UNIT });

interface Golden {
  resizes: {
    name: string;
    width: number;
    height: number;
    rgba: string;
    expected: { size: number; fit: "pad" | "crop"; bytes: string }[];
  }[];
}

const golden = JSON.parse(
  readFileSync(new URL("../fixtures/golden.json", import.meta.url), "utf8"),
) as Golden;

function decode(text: string): Uint8ClampedArray {
  return new Uint8ClampedArray(Buffer.from(text, "base64"));
}

function filled(width: number, height: number, rgba: readonly number[]): ImagePixels {
  const data = new Uint8ClampedArray(width * height * 4);
  for (let at = 0; at < data.length; at += 1) data[at] = rgba[at % 4] ?? 0;
  return { data, width, height };
}

/** Deterministic noise, so that a failure can be repeated. */
function noise(width: number, height: number): ImagePixels {
  const data = new Uint8ClampedArray(width * height * 4);
  let state = 1;
  for (let at = 0; at < data.length; at += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    data[at] = at % 4 === 3 ? 255 : state >>> 24;
  }
  return { data, width, height };
}

describe("against Pillow", () => {
  for (const { name, width, height, rgba, expected } of golden.resizes) {
    for (const { size, fit, bytes } of expected) {
      // The tolerance would be 1/255; the arithmetic is Pillow's, so it is zero.
      it(`makes the same bytes of "${name}" (${width} × ${height}), ${fit} to ${size}`, () => {
        const tensor = toUnitTensor({ data: decode(rgba), width, height }, { size, fit });
        expect(tensor).toEqual(Float32Array.from(decode(bytes), (byte) => byte / 255));
      });
    }
  }
});

describe("toImageTensor", () => {
  it.each(["pad", "crop"] as const)(
    "passes a square, opaque image of the right size through (%s)",
    (fit) => {
      const pixels = noise(64, 64);
      const tensor = toUnitTensor(pixels, { size: 64, fit });
      for (let channel = 0; channel < 3; channel += 1) {
        for (let at = 0; at < 64 * 64; at += 1) {
          const byte = pixels.data[at * 4 + channel] ?? Number.NaN;
          if (tensor[channel * 64 * 64 + at] !== Math.fround(byte / 255)) {
            expect.unreachable(`channel ${channel}, pixel ${at}`);
          }
        }
      }
    },
  );

  it("shows transparent pixels as white, and padding as black", () => {
    const tensor = toUnitTensor(filled(8, 4, [10, 20, 30, 0]), { size: 8, fit: "pad" });
    const red = [...tensor.subarray(0, 64)];
    expect(red).toEqual(Array.from({ length: 64 }, (_, at) => (at >= 16 && at < 48 ? 1 : 0)));
  });

  it("lays half-transparent pixels over the background that was asked for", () => {
    const pixels = filled(2, 2, [255, 0, 100, 51]);
    const tensor = toUnitTensor(pixels, { size: 2, fit: "pad", background: [0, 255, 200] });
    const bytes = [...tensor].map((value) => Math.round(value * 255));
    expect(bytes).toEqual([51, 51, 51, 51, 204, 204, 204, 204, 180, 180, 180, 180]);
  });

  it("leaves the caller's pixels as they were", () => {
    const pixels = filled(5, 3, [1, 2, 3, 4]);
    toUnitTensor(pixels, { size: 4, fit: "crop" });
    expect(pixels).toEqual(filled(5, 3, [1, 2, 3, 4]));
  });

  it.each([
    [1, 5000],
    [5000, 1],
    [1, 1],
    [3, 2],
  ])("survives %i × %i pixels", (width, height) => {
    for (const fit of ["pad", "crop"] as const) {
      const tensor = toUnitTensor(filled(width, height, [255, 255, 255, 255]), { size: 32, fit });
      expect(tensor).toHaveLength(3 * 32 * 32);
      expect(tensor.every((value) => value >= 0 && value <= 1)).toBe(true);
      expect(tensor.some((value) => value > 0)).toBe(true);
    }
  });

  it("rejects sides and data that do not belong together", () => {
    const { data } = filled(2, 2, [0, 0, 0, 255]);
    const options = { size: 4, fit: "pad" } as const;
    expect(() => toUnitTensor({ data, width: 2, height: 3 }, options)).toThrow(
      new TypeError("Expected `data` to have 24 values for 2 × 3 pixels, got 16"),
    );
    expect(() => toUnitTensor({ data, width: 0, height: 2 }, options)).toThrow(
      new TypeError("Expected `width` to be a positive integer, got `0` (number)"),
    );
    expect(() => toUnitTensor({ data, width: 2, height: 2 }, { ...options, size: 1.5 })).toThrow(
      TypeError,
    );
  });
});
