/**
 * Rounds the weights of a layer to int8, with a scale for each output. Rows are read a few at a time, so that the float
 * matrix is never in memory.
 */

/** A layer's weights, to be read in pieces. */
export interface WeightMatrix {
  readonly inputs: number;
  readonly outputs: number;
  /** What a stored row is. A convolution stores a row for each output, a MatMul a row for each input. */
  readonly rows: "outputs" | "inputs";
  /** Returns the numbers from `start` to `end` (not included), counted row by row. */
  read(start: number, end: number): Float32Array;
  /** The error for a weight that is not a finite number. */
  notFinite(): Error;
}

/** Quantised weights. A weight is its level times the scale of its output. */
export interface Int8Columns {
  /** [inputs, outputs], as the integer products of ONNX Runtime read them. */
  readonly levels: Int8Array<ArrayBuffer>;
  /** One for each output. */
  readonly scales: Float32Array<ArrayBuffer>;
}

export const MAX_LEVEL = 127;

const SLAB_NUMBERS = 256 * 1024;

/** The smallest scale. Smaller ones cannot be told apart in float32, and such weights are practically zero. */
const SMALLEST_SCALE = 2 ** -126;

/** Rows that are looked up one by one, and stay in their order: [rows, inputs], with a scale for each row. */
export interface Int8Rows {
  readonly levels: Int8Array<ArrayBuffer>;
  readonly scales: Float32Array<ArrayBuffer>;
}

/**
 * So many rows from `first` of a matrix that is stored by outputs.
 *
 * @throws {Error} the matrix's own, where a weight is not a finite number
 */
export function toInt8Rows(matrix: WeightMatrix, first: number, count: number): Int8Rows {
  const { inputs } = matrix;
  const numbers = matrix.read(first * inputs, (first + count) * inputs);
  const levels = new Int8Array(numbers.length);
  const scales = new Float32Array(count);
  for (let row = 0; row < count; row++) {
    const [start, end] = [row * inputs, (row + 1) * inputs];
    scales[row] = rowScale(matrix, numbers.subarray(start, end));
    for (let index = start; index < end; index++)
      levels[index] = toLevel(numbers[index]!, scales[row]!);
  }
  return { levels, scales };
}

/** @throws {Error} the matrix's own, where a weight is not a finite number */
export function toInt8Columns(matrix: WeightMatrix): Int8Columns {
  return matrix.rows === "outputs" ? fromOutputRows(matrix) : fromInputRows(matrix);
}

function fromOutputRows(matrix: WeightMatrix): Int8Columns {
  const { inputs, outputs } = matrix;
  const levels = new Int8Array(inputs * outputs);
  const scales = new Float32Array(outputs);
  for (const { first, count, numbers } of slabs(matrix, outputs, inputs)) {
    for (let row = 0; row < count; row++)
      scales[first + row] = rowScale(matrix, numbers.subarray(row * inputs, (row + 1) * inputs));
    // Goes input by input, so that memory is written in order.
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

function rowScale(matrix: WeightMatrix, row: Float32Array): number {
  let largest = 0;
  for (const weight of row) largest = larger(matrix, largest, weight);
  return scaleOf(largest);
}

function larger(matrix: WeightMatrix, largest: number, weight: number): number {
  const magnitude = Math.abs(weight);
  if (magnitude <= largest) return largest;
  if (magnitude < Infinity) return magnitude;
  throw matrix.notFinite();
}

function scaleOf(largest: number): number {
  const scale = largest / MAX_LEVEL;
  return scale < SMALLEST_SCALE ? 1 : scale;
}

/** @param scale the stored float32 number by which the runtime multiplies */
function toLevel(weight: number, scale: number): number {
  return Math.round(weight / scale);
}
