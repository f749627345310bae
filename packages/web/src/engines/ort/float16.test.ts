import { describe, expect, it } from "vitest";
import { float16ToFloat32, float32ToFloat16 } from "./float16.ts";

function toHalf(value: number): number {
  return float32ToFloat16(Float32Array.of(value))[0]!;
}

describe("float16", () => {
  it("comes back from float32 unchanged, for all 65536 bit patterns", () => {
    const all = Uint16Array.from({ length: 2 ** 16 }, (_, bits) => bits);
    const back = float32ToFloat16(float16ToFloat32(all));
    const isNan = (bits: number): boolean => (bits & 0x7c00) === 0x7c00 && (bits & 0x3ff) !== 0;
    const changed = all.filter((bits, index) =>
      isNan(bits) ? !isNan(back[index]!) : back[index] !== bits,
    );
    expect(Array.from(changed)).toEqual([]);
  });

  it.each([
    [0x0000, 0],
    [0x8000, -0],
    [0x0001, 2 ** -24],
    [0x03ff, 1023 * 2 ** -24],
    [0x0400, 2 ** -14],
    [0x3555, 0.333251953125],
    [0x3c00, 1],
    [0x3c01, 1 + 2 ** -10],
    [0xc000, -2],
    [0x7bff, 65504],
    [0x7c00, Infinity],
    [0xfc00, -Infinity],
    [0x7e00, NaN],
  ])("reads %i as %d", (half, value) => {
    expect(float16ToFloat32(Uint16Array.of(half))[0]).toBe(value);
    expect(toHalf(value)).toBe(half);
  });

  it("rounds ties to even", () => {
    const step = 2 ** -10; // between neighbours above 1
    expect(toHalf(1 + step / 2)).toBe(0x3c00);
    expect(toHalf(1 + (3 * step) / 2)).toBe(0x3c02);
    expect(toHalf(1 + step / 2 + 2 ** -20)).toBe(0x3c01);
    expect(toHalf(1 + step / 2 - 2 ** -20)).toBe(0x3c00);
    expect(toHalf(2 ** -25)).toBe(0);
    expect(toHalf(2 ** -25 + 2 ** -40)).toBe(1);
    expect(toHalf(3 * 2 ** -25)).toBe(2);
  });

  it("carries into the exponent, and over the largest value to infinity", () => {
    expect(toHalf(2 - 2 ** -12)).toBe(0x4000);
    expect(toHalf(1023.5 * 2 ** -24)).toBe(0x0400);
    expect(toHalf(65519)).toBe(0x7bff);
    expect(toHalf(65520)).toBe(0x7c00);
    expect(toHalf(-1e30)).toBe(0xfc00);
    expect(toHalf(1e-30)).toBe(0);
    expect(toHalf(-1e-30)).toBe(0x8000);
  });

  it("reads a view at an offset", () => {
    const floats = Float32Array.of(9, 1, -2).subarray(1);
    expect(Array.from(float32ToFloat16(floats))).toEqual([0x3c00, 0xc000]);
  });
});
