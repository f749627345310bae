/**
 * The two passes of a resize, as Pillow makes them: along the rows, then along the columns, and rounded to bytes after
 * each. Between them an image is one byte for each pixel and channel, each row as three runs: [height, 3, width].
 */

import { WEIGHT_BITS, WEIGHT_HALF, type AxisWeights } from "./axis-weights.ts";

/** Decoded pixels, as `ImageData` has them: RGBA, not premultiplied, row by row from the top. */
export interface ImagePixels {
  readonly data: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

/** Red, green and blue, 0..255. */
export type Colour = readonly [red: number, green: number, blue: number];

export const CHANNELS = 3;

/** The source rows that any output row is mixed from. */
export function rowsNeeded({ first, last, starts, counts }: AxisWeights): {
  first: number;
  last: number;
} {
  const bottom = last - 1;
  return { first: starts[first]!, last: starts[bottom]! + counts[bottom]! };
}

/**
 * The horizontal pass: source rows `first` to `last`, each as three runs of `width` bytes.
 *
 * Reads of typed arrays are asserted, not checked: this loop runs 50 million times for a photograph
 * and every index is made above.
 */
export function resizeRows(
  pixels: ImagePixels,
  background: Colour,
  columns: AxisWeights,
  width: number,
  { first, last }: { first: number; last: number },
): Uint8Array {
  const { starts, counts, weights, stride } = columns;
  const narrowed = new Uint8Array((last - first) * CHANNELS * width); // [rows, 3, width]
  const line = new Uint8Array(pixels.width * 4);

  for (let row = first; row < last; row += 1) {
    flattenRow(pixels.data, row * pixels.width * 4, line, background);
    const target = (row - first) * CHANNELS * width;
    for (let column = columns.first; column < columns.last; column += 1) {
      let red = WEIGHT_HALF;
      let green = WEIGHT_HALF;
      let blue = WEIGHT_HALF;
      let source = starts[column]! * 4;
      let at = column * stride;
      for (const end = at + counts[column]!; at < end; at += 1, source += 4) {
        const weight = weights[at]!;
        red += Math.imul(line[source]!, weight);
        green += Math.imul(line[source + 1]!, weight);
        blue += Math.imul(line[source + 2]!, weight);
      }
      narrowed[target + column] = toByte(red);
      narrowed[target + width + column] = toByte(green);
      narrowed[target + 2 * width + column] = toByte(blue);
    }
  }
  return narrowed;
}

/** Copies a row and lays its transparent pixels over the background. */
function flattenRow(
  data: Uint8ClampedArray,
  start: number,
  line: Uint8Array,
  [red, green, blue]: Colour,
): void {
  line.set(data.subarray(start, start + line.length));
  for (let at = 0; at < line.length; at += 4) {
    const alpha = line[at + 3]!;
    if (alpha === 255) continue;
    line[at] = blend(line[at]!, red, alpha);
    line[at + 1] = blend(line[at + 1]!, green, alpha);
    line[at + 2] = blend(line[at + 2]!, blue, alpha);
  }
}

function blend(front: number, back: number, alpha: number): number {
  const sum = front * alpha + back * (255 - alpha) + 128;
  return (sum + (sum >> 8)) >> 8; // sum / 255, rounded, exact for all bytes
}

/** The same pass over lines of bytes, whose channels are lines of their own: [lines, length] to [lines, newLength]. */
export function resizeLines(
  lines: Uint8Array,
  length: number,
  { starts, counts, weights, stride, first, last }: AxisWeights,
  newLength: number,
): Uint8Array {
  const count = lines.length / length;
  const narrowed = new Uint8Array(count * newLength);
  for (let line = 0; line < count; line += 1) {
    const source = line * length;
    const target = line * newLength;
    for (let column = first; column < last; column += 1) {
      let sum = WEIGHT_HALF;
      let from = source + starts[column]!;
      let at = column * stride;
      for (const end = at + counts[column]!; at < end; at += 1, from += 1) {
        sum += Math.imul(lines[from]!, weights[at]!);
      }
      narrowed[target + column] = toByte(sum);
    }
  }
  return narrowed;
}

/**
 * The vertical pass. Output rows that see only padding are left out.
 *
 * @param narrowed rows from `firstRow` on, of `lineLength` bytes each
 * @param onRow takes an output row's sums, which {@link toByte} makes bytes of; they are only valid during the call
 */
export function resizeColumns(
  narrowed: Uint8Array,
  rows: AxisWeights,
  firstRow: number,
  lineLength: number,
  onRow: (row: number, sums: Int32Array) => void,
): void {
  const { starts, counts, weights, stride } = rows;
  const sums = new Int32Array(lineLength);
  for (let row = rows.first; row < rows.last; row += 1) {
    sums.fill(WEIGHT_HALF);
    const count = counts[row]!;
    // Source rows outside, columns inside: memory is read in order.
    for (let tap = 0; tap < count; tap += 1) {
      const weight = weights[row * stride + tap]!;
      const source = (starts[row]! + tap - firstRow) * lineLength;
      for (let at = 0; at < lineLength; at += 1) {
        sums[at] = sums[at]! + Math.imul(narrowed[source + at]!, weight);
      }
    }
    onRow(row, sums);
  }
}

/** The weights of both filters overshoot: at a hard edge a sum may leave 0..255. */
export function toByte(sum: number): number {
  const value = sum >> WEIGHT_BITS;
  return value < 0 ? 0 : value > 255 ? 255 : value;
}
