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
