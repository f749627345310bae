import { expect, test } from "vitest";
import { fromBfloat16, fromFloat16, toFloat16 } from "./float16.ts";

const allHalves = Uint16Array.from({ length: 0x10000 }, (_, bits) => bits);
const isNaNHalf = (bits: number) => (bits & 0x7c00) === 0x7c00 && (bits & 0x3ff) !== 0;

test("every float16 survives the way to float32 and back", () => {
  const back = toFloat16(fromFloat16(allHalves));
  const changed = allHalves.filter((bits) => back[bits] !== bits && !isNaNHalf(bits));
  expect(changed).toHaveLength(0);
});

test("numbers between two float16 go to the nearer, ties to the even one", () => {
  const step = 2 ** -10; // between 1 and 2
  const values = [
    1 + 0.4 * step,
    1 + 0.5 * step,
    1 + 1.5 * step,
    1 + 0.6 * step,
    2 ** -25,
    2 ** -24 * 1.5,
  ];
  const rounded = fromFloat16(toFloat16(Float32Array.from(values)));
  expect([...rounded]).toEqual([1, 1, 1 + 2 * step, 1 + step, 0, 2 ** -24 * 2]);
});

test("what float16 cannot hold becomes infinite, and NaN stays NaN", () => {
  const values = Float32Array.of(65504, 65519, 65520, 1e30, -Infinity, NaN);
  expect([...fromFloat16(toFloat16(values))]).toEqual([
    65504,
    65504,
    Infinity,
    Infinity,
    -Infinity,
    NaN,
  ]);
});

test("bfloat16 is the upper half of a float32", () => {
  expect([...fromBfloat16(Uint16Array.of(0x3f80, 0xc040, 0x0000))]).toEqual([1, -3, 0]);
});

function toHalf(value: number): number {
  return toFloat16(Float32Array.of(value))[0]!;
}

test.each([
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
  expect(fromFloat16(Uint16Array.of(half))[0]).toBe(value);
  expect(toHalf(value)).toBe(half);
});

test("rounds ties to even", () => {
  const step = 2 ** -10; // between neighbours above 1
  expect(toHalf(1 + step / 2)).toBe(0x3c00);
  expect(toHalf(1 + (3 * step) / 2)).toBe(0x3c02);
  expect(toHalf(1 + step / 2 + 2 ** -20)).toBe(0x3c01);
  expect(toHalf(1 + step / 2 - 2 ** -20)).toBe(0x3c00);
  expect(toHalf(2 ** -25)).toBe(0);
  expect(toHalf(2 ** -25 + 2 ** -40)).toBe(1);
  expect(toHalf(3 * 2 ** -25)).toBe(2);
});

test("carries into the exponent, and over the largest value to infinity", () => {
  expect(toHalf(2 - 2 ** -12)).toBe(0x4000);
  expect(toHalf(1023.5 * 2 ** -24)).toBe(0x0400);
  expect(toHalf(65519)).toBe(0x7bff);
  expect(toHalf(65520)).toBe(0x7c00);
  expect(toHalf(-1e30)).toBe(0xfc00);
  expect(toHalf(1e-30)).toBe(0);
  expect(toHalf(-1e-30)).toBe(0x8000);
});

test("reads a view at an offset", () => {
  const floats = Float32Array.of(9, 1, -2).subarray(1);
  expect(Array.from(toFloat16(floats))).toEqual([0x3c00, 0xc000]);
});
