/**
 * Turns pixels into the input of a vision encoder in one pass: blend with the background, pad or crop, resize, scale to
 * the encoder's range, and reorder from interleaved to planar. No padding is stored and no cropped pixel is computed. The
 * only intermediate result is one byte per channel of the image after the first half of the resize.
 */

import { toAxisWeights, WEIGHT_BITS, WEIGHT_HALF, type AxisWeights } from "./bicubic.ts";
import { byteValues, type ChannelRange } from "./channel-range.ts";

/** Decoded pixels, as `ImageData` has them: RGBA, not premultiplied, row by row from the top. */
export interface ImagePixels {
  readonly data: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

/** How an image becomes the square that the encoder sees. */
export interface ImageTensorOptions {
  /** Side of the square, in pixels. */
  readonly size: number;
  /**
   * `pad` keeps all of the image, centred between black bars, as Apple's `predict.py` does
   * (`expand2square`, then resize). `crop` fills the square and cuts off what sticks out, as the
   * image processor of transformers.js does.
   */
  readonly fit: "pad" | "crop";
  /** The range of the encoder's numbers. */
  readonly range: ChannelRange;
  /** The colour behind transparent pixels: red, green, blue, 0..255. White by default. */
  readonly background?: readonly [red: number, green: number, blue: number];
}

/**
 * Transparent images are mostly logos, icons and diagrams drawn for a light page: on white they
 * are legible. Dropping alpha, as the reference does, shows whatever colour lies under the
 * transparent pixels, and that is black in whatever came through a canvas.
 */
const WHITE = [255, 255, 255] as const;

const CHANNELS = 3;

/**
 * Turns pixels into the encoder's input: `[3, size, size]`, planes of red, green and blue, in `range`.
 *
 * The numbers are those of Pillow's bicubic resize of the padded image, with its rounding to 8
 * bits after the horizontal and after the vertical pass. A square, opaque image of the right size
 * comes out as exactly its bytes over 255, in that range.
 *
 * @throws {TypeError} when a side is not a positive integer or `data` has another length.
 */
export function toImageTensor(
  pixels: ImagePixels,
  options: ImageTensorOptions,
): Float32Array<ArrayBuffer> {
  const { data, width, height } = pixels;
  const { size, fit, range, background = WHITE } = options;
  assertSide("width", width);
  assertSide("height", height);
  assertSide("size", size);
  if (data.length !== width * height * 4) {
    throw new TypeError(
      `Expected \`data\` to have ${width * height * 4} values for ${width} × ${height} pixels, got ${data.length}`,
    );
  }

  const [columns, rows] =
    fit === "pad" ? padAxes(width, height, size) : cropAxes(width, height, size);
  const values = ([0, 1, 2] as const).map((channel) => byteValues(range, channel));
  const tensor = blackTensor(values, size);
  const { first, last } = rowsNeeded(rows);
  const narrowed = resizeRows(pixels, background, columns, size, first, last);
  resizeColumns(narrowed, rows, first, size, values, tensor);
  return tensor;
}

/** All padding. Where black is 0 there is nothing to fill in. */
function blackTensor(values: readonly Float32Array[], size: number): Float32Array<ArrayBuffer> {
  const plane = size * size;
  const tensor = new Float32Array(CHANNELS * plane); // [3, size, size]
  for (const [channel, { 0: black }] of values.entries()) {
    if (black !== 0) tensor.fill(black!, channel * plane, (channel + 1) * plane);
  }
  return tensor;
}

/** Both axes are those of the square around the image. The odd pixel of padding goes after it. */
function padAxes(width: number, height: number, size: number): [AxisWeights, AxisWeights] {
  const side = Math.max(width, height);
  const toWeights = (sourceLength: number) =>
    toAxisWeights({
      sourceLength,
      sourceOffset: Math.floor((side - sourceLength) / 2),
      lineLength: side,
      resizedLength: size,
      outputOffset: 0,
      outputLength: size,
    });
  return [toWeights(width), toWeights(height)];
}

/** The shorter side becomes `size`; of the longer one, the middle is computed. */
function cropAxes(width: number, height: number, size: number): [AxisWeights, AxisWeights] {
  const factor = Math.max(size / width, size / height);
  const toWeights = (sourceLength: number) => {
    // To hundredths and then down, as transformers.js does it, so that 1023.999… is 1024.
    const resizedLength = Math.floor(Number((sourceLength * factor).toFixed(2)));
    return toAxisWeights({
      sourceLength,
      sourceOffset: 0,
      lineLength: sourceLength,
      resizedLength,
      outputOffset: Math.floor((resizedLength - size) / 2),
      outputLength: size,
    });
  };
  return [toWeights(width), toWeights(height)];
}

/** The source rows that any output row is mixed from. */
function rowsNeeded({ first, last, starts, counts }: AxisWeights): { first: number; last: number } {
  const bottom = last - 1;
  return {
    first: starts[first]!,
    last: starts[bottom]! + counts[bottom]!,
  };
}

/**
 * The horizontal pass: source rows `first` to `last`, each as three runs of `size` bytes.
 *
 * Reads of typed arrays are asserted, not checked: this loop runs 50 million times for a photograph
 * and every index is made above.
 */
function resizeRows(
  { data, width }: ImagePixels,
  background: readonly [number, number, number],
  columns: AxisWeights,
  size: number,
  first: number,
  last: number,
): Uint8Array {
  const { starts, counts, weights, stride } = columns;
  const narrowed = new Uint8Array((last - first) * CHANNELS * size); // [rows, 3, size]
  const line = new Uint8Array(width * 4);

  for (let row = first; row < last; row += 1) {
    flattenRow(data, row * width * 4, line, background);
    const target = (row - first) * CHANNELS * size;
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
      narrowed[target + size + column] = toByte(green);
      narrowed[target + 2 * size + column] = toByte(blue);
    }
  }
  return narrowed;
}

/** Copies a row and lays its transparent pixels over the background. */
function flattenRow(
  data: Uint8ClampedArray,
  start: number,
  line: Uint8Array,
  background: readonly [number, number, number],
): void {
  line.set(data.subarray(start, start + line.length));
  const [red, green, blue] = background;
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

/** The vertical pass. Output rows that see only padding are left as they are: black. */
function resizeColumns(
  narrowed: Uint8Array,
  rows: AxisWeights,
  firstRow: number,
  size: number,
  values: readonly Float32Array[],
  tensor: Float32Array,
): void {
  const { starts, counts, weights, stride } = rows;
  const lineLength = CHANNELS * size;
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
    for (let channel = 0; channel < CHANNELS; channel += 1) {
      const target = (channel * size + row) * size;
      const ofByte = values[channel]!;
      for (let column = 0; column < size; column += 1) {
        const byte = toByte(sums[channel * size + column]!);
        tensor[target + column] = ofByte[byte]!;
      }
    }
  }
}

/** Bicubic weights overshoot: at a hard edge a sum may leave 0..255. */
function toByte(sum: number): number {
  const value = sum >> WEIGHT_BITS;
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

function assertSide(name: string, value: number): void {
  if (Number.isInteger(value) && value > 0) return;
  throw new TypeError(
    `Expected \`${name}\` to be a positive integer, got \`${value}\` (${typeof value})`,
  );
}
