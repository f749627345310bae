import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_LEVEL, toInt8Columns, toInt8Rows, type WeightMatrix } from "./int8.ts";

const MAX_FLOAT = 3.4028234663852886e38;

describe("toInt8Columns", () => {
  it("is half a step away from each weight at most, whichever way they are stored", () => {
    fc.assert(
      fc.property(matrices, ({ inputs, outputs, numbers }) => {
        const byOutput = matrix("outputs", inputs, outputs, numbers);
        const { levels, scales } = toInt8Columns(byOutput);
        for (let output = 0; output < outputs; output++)
          for (let input = 0; input < inputs; input++) {
            const level = levels[input * outputs + output]!;
            const error = Math.abs(level * scales[output]! - numbers[output * inputs + input]!);
            expect(Math.abs(level)).toBeLessThanOrEqual(MAX_LEVEL);
            // Levels are found by a division, which rounds once.
            expect(error).toBeLessThanOrEqual((scales[output]! / 2) * (1 + 1e-6));
          }
        const turned = transposed(numbers, outputs, inputs);
        const byInput = toInt8Columns(matrix("inputs", inputs, outputs, turned));
        expect(byInput).toEqual({ levels, scales });
      }),
    );
  });

  it("uses the whole range of an output that has a weight of any size", () => {
    fc.assert(
      fc.property(
        fc.float({ min: Math.fround(1e-30), max: Math.fround(MAX_FLOAT), noNaN: true }),
        (largest) => {
          const numbers = Float32Array.of(largest, -largest, 0);
          expect(Array.from(toInt8Columns(matrix("outputs", 3, 1, numbers)).levels)).toEqual([
            127, -127, 0,
          ]);
        },
      ),
    );
  });

  it("gives each output a scale of its own", () => {
    const numbers = Float32Array.of(1, -0.25, 1000, 250);
    const { levels, scales } = toInt8Columns(matrix("outputs", 2, 2, numbers));
    expect(Array.from(levels)).toEqual([127, 127, -32, 32]);
    expect(Array.from(scales)).toEqual([Math.fround(1 / 127), Math.fround(1000 / 127)]);
  });

  it.each(["outputs", "inputs"] as const)("makes zeros of zeros, stored by %s", (rows) => {
    const { levels, scales } = toInt8Columns(matrix(rows, 4, 2, new Float32Array(8)));
    expect(Array.from(levels)).toEqual(new Array(8).fill(0));
    expect(Array.from(scales)).toEqual([1, 1]);
  });

  it("makes zeros of weights too small to have a scale", () => {
    const tiny = new Float32Array(4).fill(1e-40);
    const { levels, scales } = toInt8Columns(matrix("outputs", 4, 1, tiny));
    expect([Array.from(levels), Array.from(scales)]).toEqual([[0, 0, 0, 0], [1]]);
  });

  it.each([
    ["outputs", NaN],
    ["outputs", Infinity],
    ["inputs", NaN],
    ["inputs", -Infinity],
  ] as const)("refuses weights stored by %s of which one is %d", (rows, wrong) => {
    const numbers = new Float32Array(12).fill(0.5);
    numbers[7] = wrong;
    expect(() => toInt8Columns(matrix(rows, 4, 3, numbers))).toThrow("not finite");
  });

  it.each(["outputs", "inputs"] as const)(
    "reads a large matrix in pieces, stored by %s",
    (rows) => {
      const [inputs, outputs] = [1500, 700];
      const numbers = Float32Array.from({ length: inputs * outputs }, (_, n) => Math.sin(n));
      let most = 0;
      const { levels } = toInt8Columns({
        ...matrix(rows, inputs, outputs, numbers),
        read: (start, end) => {
          most = Math.max(most, end - start);
          return numbers.slice(start, end);
        },
      });
      expect(most).toBeLessThan(numbers.length / 3);
      const whole = toInt8Columns(matrix(rows, inputs, 1, numbers.slice(0, inputs))).levels;
      if (rows === "outputs")
        for (let input = 0; input < inputs; input++)
          expect(levels[input * outputs]).toBe(whole[input]);
    },
  );
});

describe("toInt8Rows", () => {
  it("keeps rows in their order, the largest weight of each at ±127, and zeros at zero", () => {
    const numbers = Float32Array.of(9, 9, 1, -4, 0, 0);
    const { levels, scales } = toInt8Rows(matrix("outputs", 2, 3, numbers), 1, 2);
    expect(Array.from(levels)).toEqual([32, -127, 0, 0]);
    expect(Array.from(scales)).toEqual([Math.fround(4 / 127), 1]);
  });

  it("refuses a weight that is not a number", () => {
    const numbers = Float32Array.of(1, NaN);
    expect(() => toInt8Rows(matrix("outputs", 2, 1, numbers), 0, 1)).toThrow("not finite");
  });
});

const matrices = fc
  .record({ inputs: fc.integer({ min: 1, max: 9 }), outputs: fc.integer({ min: 1, max: 9 }) })
  .chain(({ inputs, outputs }) =>
    fc
      .array(fc.oneof(fc.float({ noNaN: true, noDefaultInfinity: true }), fc.constant(0)), {
        minLength: inputs * outputs,
        maxLength: inputs * outputs,
      })
      .map((numbers) => ({ inputs, outputs, numbers: Float32Array.from(numbers) })),
  );

function matrix(
  rows: WeightMatrix["rows"],
  inputs: number,
  outputs: number,
  numbers: Float32Array,
): WeightMatrix {
  return {
    rows,
    inputs,
    outputs,
    read: (start, end) => numbers.slice(start, end),
    notFinite: () => new RangeError("not finite"),
  };
}

function transposed(numbers: Float32Array, rows: number, columns: number): Float32Array {
  return numbers.map((_, index) => numbers[(index % rows) * columns + Math.floor(index / rows)]!);
}
