/**
 * Rounds the weights of a linear layer to int8, with a scale for each output. Rows are read a few at
 * a time, so that the float matrix is never in memory.
 */

import { OnnxError } from "../errors.ts";

/** A layer's weights, to be read in pieces. */
export interface WeightMatrix {
  /** For errors. */
  readonly file: string;
  readonly inputs: number;
  readonly outputs: number;
  /** Which of the two a row is: a convolution stores a row for each output, a MatMul one for each input. */
  readonly rows: "outputs" | "inputs";
  /** The numbers from `start` up to `end`, counted row by row. */
  read(start: number, end: number): Float32Array;
}

/** A weight is its level times its output's scale. */
export interface Int8Columns {
  /** [inputs, outputs], as the integer products of ONNX Runtime read them. */
  readonly levels: Int8Array<ArrayBuffer>;
  /** One for each output. */
  readonly scales: Float32Array<ArrayBuffer>;
}

export const MAX_LEVEL = 127;

const SLAB_NUMBERS = 256 * 1024;

/** Scales below cannot be told apart in float32; such weights are as good as zero. */
const SMALLEST_SCALE = 2 ** -126;

/** @throws {OnnxError} `model-invalid` where a weight is not a finite number */
export function toInt8Columns(matrix: WeightMatrix): Int8Columns {
  return matrix.rows === "outputs" ? fromOutputRows(matrix) : fromInputRows(matrix);
}

function fromOutputRows(matrix: WeightMatrix): Int8Columns {
  const { inputs, outputs } = matrix;
  const levels = new Int8Array(inputs * outputs);
  const scales = new Float32Array(outputs);
  for (const { first, count, numbers } of slabs(matrix, outputs, inputs)) {
    for (let row = 0; row < count; row++) {
      let largest = 0;
      for (let index = row * inputs; index < (row + 1) * inputs; index++)
        largest = larger(matrix, largest, numbers[index]!);
      scales[first + row] = scaleOf(largest);
    }
    // Input by input, so that writes run along memory.
    for (let input = 0; input < inputs; input++) {
      const target = input * outputs + first;
      for (let row = 0; row < count; row++)
        levels[target + row] = toLevel(numbers[row * inputs + input]!, scales[first + row]!);
    }
  }
  return { levels, scales };
}

function fromInputRows(matrix: WeightMatrix): Int8Columns {
  const { inputs, outputs } = matrix;
  const scales = new Float32Array(outputs);
  for (const { count, numbers } of slabs(matrix, inputs, outputs))
    for (let row = 0; row < count; row++)
      for (let output = 0; output < outputs; output++)
        scales[output] = larger(matrix, scales[output]!, numbers[row * outputs + output]!);
  for (let output = 0; output < outputs; output++) scales[output] = scaleOf(scales[output]!);

  const levels = new Int8Array(inputs * outputs);
  for (const { first, count, numbers } of slabs(matrix, inputs, outputs))
    for (let row = 0; row < count; row++)
      for (let output = 0; output < outputs; output++)
        levels[(first + row) * outputs + output] = toLevel(
          numbers[row * outputs + output]!,
          scales[output]!,
        );
  return { levels, scales };
}

interface Slab {
  readonly first: number;
  readonly count: number;
  readonly numbers: Float32Array;
}

function* slabs(matrix: WeightMatrix, rows: number, width: number): Generator<Slab> {
  const step = Math.max(1, Math.floor(SLAB_NUMBERS / width));
  for (let first = 0; first < rows; first += step) {
    const count = Math.min(step, rows - first);
    yield { first, count, numbers: matrix.read(first * width, (first + count) * width) };
  }
}

function larger({ file }: WeightMatrix, largest: number, weight: number): number {
  const magnitude = Math.abs(weight);
  if (magnitude <= largest) return largest;
  if (magnitude < Infinity) return magnitude;
  throw new OnnxError(
    "model-invalid",
    { file, reason: "a weight is not finite" },
    `The ${file} file has weights that are not numbers. Fetch the model's files again.`,
  );
}

function scaleOf(largest: number): number {
  const scale = largest / MAX_LEVEL;
  return scale < SMALLEST_SCALE ? 1 : scale;
}

/** @param scale as it is stored, in float32: the number that the runtime multiplies by */
function toLevel(weight: number, scale: number): number {
  return Math.round(weight / scale);
}
