import { OnnxError } from "./errors.ts";
import type { WeightMatrix } from "./format/int8.ts";
import { elementCount, type Weights } from "./weights.ts";

/**
 * A weight matrix as PyTorch stores it, [outputs, inputs], read by rows when needed.
 * A vocabulary table of half a gigabyte is one of these, so nobody asks for more rows than they can hold.
 */
export interface Matrix {
  readonly name: string;
  readonly outputs: number;
  readonly inputs: number;
  /** `count` rows from `first`, freshly read: the caller may change them. */
  readonly rows: (first: number, count: number) => Float32Array;
}

/** The matrix of a linear layer, or of a 1x1 convolution ([outputs, inputs, 1, 1]). */
export function matrixOf(weights: Weights, name: string): Matrix {
  const [outputs = 0, ...rest] = weights.shape(name);
  return {
    name,
    outputs,
    inputs: elementCount(rest),
    rows: (first, count) => weights.readRows(name, first, count),
  };
}

/** The matrix with row r multiplied by factors[r]: how a layer scale disappears into the layer before it. */
export function scaleRows(matrix: Matrix, factors: Float32Array): Matrix {
  return {
    ...matrix,
    rows(first, count) {
      const rows = matrix.rows(first, count);
      for (let row = 0; row < count; row++) {
        const factor = factors[first + row]!;
        const start = row * matrix.inputs;
        for (let index = start; index < start + matrix.inputs; index++) rows[index]! *= factor;
      }
      return rows;
    },
  };
}

/** The matrix as the int8 rounding reads it. */
export function asWeightMatrix({ name, outputs, inputs, rows }: Matrix): WeightMatrix {
  return {
    rows: "outputs",
    outputs,
    inputs,
    read: (start, end) => rows(start / inputs, (end - start) / inputs),
    notFinite: () =>
      new OnnxError(
        "value-out-of-range",
        { tensor: name },
        `"${name}" holds a weight that is not a finite number. Export it again.`,
      ),
  };
}

/** About 64 MB of float32: what passes through memory at once. */
const slabElements = 1 << 24;

/** The matrix in slabs of whole rows, in order. */
export function* rowSlabs(
  matrix: Matrix,
): Generator<{ first: number; count: number; rows: Float32Array }> {
  for (const { first, count } of slabsOf(matrix))
    yield { first, count, rows: matrix.rows(first, count) };
}

/** Where the slabs of whole rows begin, and how many rows each has. */
export function* slabsOf(
  matrix: Pick<Matrix, "inputs" | "outputs">,
): Generator<{ first: number; count: number }> {
  const step = Math.max(1, Math.floor(slabElements / matrix.inputs));
  for (let first = 0; first < matrix.outputs; first += step) {
    const count = Math.min(step, matrix.outputs - first);
    yield { first, count };
  }
}

/**
 * The transposed matrix, [inputs, outputs], in slabs. A matrix larger than a slab is read once for each slab:
 * reading is cheap, and holding the full-size vocabulary table twice is a gigabyte.
 */
export function* transposedSlabs(matrix: Matrix): Generator<Float32Array> {
  const { outputs, inputs } = matrix;
  const step = Math.max(1, Math.min(inputs, Math.floor(slabElements / outputs)));
  for (let firstInput = 0; firstInput < inputs; firstInput += step) {
    const count = Math.min(step, inputs - firstInput);
    const slab = new Float32Array(count * outputs);
    for (const { first, count: rowCount, rows } of rowSlabs(matrix)) {
      for (let input = 0; input < count; input++) {
        const target = input * outputs + first;
        const source = firstInput + input;
        for (let row = 0; row < rowCount; row++) slab[target + row] = rows[row * inputs + source]!;
      }
    }
    yield slab;
  }
}
