// Rounds matrices to 4 bits. Rows of a matrix are the outputs of its layer.

import type { Matrix } from "./matrix.ts";
import { rowSlabs } from "./matrix.ts";

/** How many neighbouring inputs share a scale in {@link toQ4Blocks}. */
export const q4BlockSize = 32;

/** A 4-bit matrix as `MatMulNBits` reads it: [outputs, blocks, 16] bytes, two weights each, low half first. */
export interface Q4Blocks {
  readonly values: Uint8Array;
  /** [outputs, blocks]; a weight is (nibble − 8) × scale. */
  readonly scales: Float32Array;
}

/** The number of blocks a row of `inputs` weights takes; the last one is padded. */
export function q4BlockCount(inputs: number): number {
  return Math.ceil(inputs / q4BlockSize);
}

/** Rounds a matrix to 4 bits with one scale for every 32 weights, each chosen for the least squared error. */
export function toQ4Blocks(matrix: Matrix): Q4Blocks {
  const { outputs, inputs } = matrix;
  const blocks = q4BlockCount(inputs);
  const values = new Uint8Array(outputs * blocks * (q4BlockSize / 2));
  const scales = new Float32Array(outputs * blocks);
  const block = new Float32Array(q4BlockSize);
  const levels = new Int8Array(q4BlockSize);
  for (const { first, count, rows } of rowSlabs(matrix)) {
    for (let row = 0; row < count; row++) {
      for (let index = 0; index < blocks; index++) {
        const start = row * inputs + index * q4BlockSize;
        const end = Math.min(start + q4BlockSize, (row + 1) * inputs);
        block.fill(0);
        block.set(rows.subarray(start, end));
        const position = (first + row) * blocks + index;
        scales[position] = roundBlock(block, levels);
        packLevels(levels, values, position * (q4BlockSize / 2));
      }
    }
  }
  return { values, scales };
}

/**
 * Fills `levels` with −8…7 and returns the scale.
 *
 * The weight of largest magnitude sets the range, and its sign decides which end gets the extra level. Dividing by
 * a little less than 8 clips or stretches the range; of a few such tries the best is kept, each with the scale that
 * fits its levels best (a least-squares line through the origin).
 */
function roundBlock(block: Float32Array, levels: Int8Array): number {
  let extreme = 0;
  for (const value of block) if (Math.abs(value) > Math.abs(extreme)) extreme = value;
  if (extreme === 0) {
    levels.fill(0);
    return 0;
  }
  let best = -1;
  let bestScale = 0;
  let bestInverse = 0;
  for (const range of q4Ranges) {
    const inverse = -range / extreme;
    let cross = 0;
    let square = 0;
    for (let index = 0; index < q4BlockSize; index++) {
      const value = block[index]!;
      const level = toLevel(value * inverse);
      cross += value * level;
      square += level * level;
    }
    // The squared error falls by exactly this much when the scale is cross / square.
    const gain = (cross * cross) / square;
    if (gain > best) {
      best = gain;
      bestScale = cross / square;
      bestInverse = inverse;
    }
  }
  for (let index = 0; index < q4BlockSize; index++)
    levels[index] = toLevel(block[index]! * bestInverse);
  return bestScale;
}

const q4Ranges = [8, 7.2, 6.6, 8.8];

function toLevel(value: number): number {
  const level = Math.round(value);
  return level > 7 ? 7 : level < -8 ? -8 : level;
}

function packLevels(levels: Int8Array, target: Uint8Array, offset: number): void {
  for (let index = 0; index < q4BlockSize; index += 2) {
    target[offset + index / 2] = (levels[index]! + 8) | ((levels[index + 1]! + 8) << 4);
  }
}
