import { expect, test } from "vitest";
import type { Matrix } from "./matrix.ts";
import { q4BlockCount, toQ4Blocks } from "./q4-blocks.ts";

function matrix(outputs: number, inputs: number, values: Float32Array): Matrix {
  const rows = (first: number, count: number) =>
    values.slice(first * inputs, (first + count) * inputs);
  return { name: "matrix", outputs, inputs, rows };
}

const wave = (length: number) =>
  new Float32Array(length).map((_, index) => Math.sin(index * 1.7) * (1 + (index % 7)));

function restoreQ4(
  inputs: number,
  outputs: number,
  quantized: ReturnType<typeof toQ4Blocks>,
): number[] {
  const blocks = q4BlockCount(inputs);
  const restored: number[] = [];
  for (let output = 0; output < outputs; output++) {
    for (let input = 0; input < inputs; input++) {
      const block = output * blocks + Math.floor(input / 32);
      const byte = quantized.values[block * 16 + ((input % 32) >> 1)]!;
      const nibble = input % 2 ? byte >> 4 : byte & 15;
      restored.push((nibble - 8) * quantized.scales[block]!);
    }
  }
  return restored;
}

test("q4 blocks restore to about 4 bits of precision, also where the last block is not full", () => {
  const [outputs, inputs] = [4, 80];
  const values = wave(outputs * inputs);
  const quantized = toQ4Blocks(matrix(outputs, inputs, values));
  expect(quantized.values).toHaveLength(outputs * 3 * 16);
  const restored = restoreQ4(inputs, outputs, quantized);
  const square = (numbers: Iterable<number>) =>
    [...numbers].reduce((sum, value) => sum + value * value, 0);
  const error = square(restored.map((value, index) => value - values[index]!)) / square(values);
  expect(Math.sqrt(error)).toBeLessThan(0.08);
});

test("whole multiples of one step survive q4 exactly, and zeros give no NaN", () => {
  const steps = Float32Array.from({ length: 32 }, (_, index) => ((index % 16) - 8) * 0.5);
  const values = Float32Array.of(...steps, ...new Float32Array(32));
  const quantized = toQ4Blocks(matrix(2, 32, values));
  expect(restoreQ4(32, 2, quantized)).toEqual([...values].map((value) => value + 0));
});
