/** An image between several resizes: bytes, as Pillow has them, in the layout of `resample.ts`. */

import type { Size } from "../formats/size.ts";
import { toAxisWeights, type AxisWeights, type ResizeFilter } from "./axis-weights.ts";
import { byteValues, type ChannelRange } from "./channel-range.ts";
import {
  CHANNELS,
  resizeColumns,
  resizeLines,
  resizeRows,
  rowsNeeded,
  toByte,
  type Colour,
  type ImagePixels,
} from "./resample.ts";

export interface RgbImage extends Size {
  readonly data: Uint8Array; // [height, 3, width]
}

/** Which part of an image is resized, and to which size. */
export interface ResizeWindow {
  /**
   * The size of the window, which lies over the image's middle. Where it is larger than the image it shows black,
   * where it is smaller it cuts off.
   */
  readonly window: Size;
  /** The size that the window becomes. */
  readonly size: Size;
  readonly filter: ResizeFilter;
  /** The colour behind transparent pixels. */
  readonly background: Colour;
}

/** Resizes decoded pixels. Nothing is stored of their full size. */
export function resizePixels(
  pixels: ImagePixels,
  { window, size, filter, background }: ResizeWindow,
): RgbImage {
  const columns = windowAxis(pixels.width, window.width, size.width, filter);
  const rows = windowAxis(pixels.height, window.height, size.height, filter);
  const needed = rowsNeeded(rows);
  const narrowed = resizeRows(pixels, background, columns, size.width, needed);
  return { ...size, data: stackRows(narrowed, rows, needed.first, size) };
}

/** Resizes the whole image; each side has a factor of its own. The image itself where it has this size. */
export function resizeImage(image: RgbImage, size: Size, filter: ResizeFilter): RgbImage {
  let { data } = image;
  if (size.width !== image.width) {
    const columns = windowAxis(image.width, image.width, size.width, filter);
    data = resizeLines(data, image.width, columns, size.width);
  }
  if (size.height !== image.height) {
    const rows = windowAxis(image.height, image.height, size.height, filter);
    data = stackRows(data, rows, 0, size);
  }
  return { width: size.width, height: size.height, data };
}

/** A square of an image, in the range of an encoder: [3, side, side], planes of red, green and blue. */
export function cropToTensor(
  { data, width }: RgbImage,
  { left, top, side }: { left: number; top: number; side: number },
  range: ChannelRange,
): Float32Array<ArrayBuffer> {
  const tensor = new Float32Array(CHANNELS * side * side); // [3, side, side]
  for (const channel of [0, 1, 2] as const) {
    const values = byteValues(range, channel);
    for (let row = 0; row < side; row += 1) {
      const source = ((top + row) * CHANNELS + channel) * width + left;
      const target = (channel * side + row) * side;
      for (let column = 0; column < side; column += 1) {
        tensor[target + column] = values[data[source + column]!]!;
      }
    }
  }
  return tensor;
}

function stackRows(
  narrowed: Uint8Array,
  rows: AxisWeights,
  firstRow: number,
  { width, height }: Size,
): Uint8Array {
  const lineLength = CHANNELS * width;
  const data = new Uint8Array(height * lineLength); // [height, 3, width]
  resizeColumns(narrowed, rows, firstRow, lineLength, (row, sums) => {
    const target = row * lineLength;
    for (let at = 0; at < lineLength; at += 1) data[target + at] = toByte(sums[at]!);
  });
  return data;
}

/** The weights of a line of which a window over its middle is resized. */
function windowAxis(
  length: number,
  windowLength: number,
  outputLength: number,
  filter: ResizeFilter,
): AxisWeights {
  const cut = Math.max(0, Math.floor((length - windowLength) / 2));
  const axis = toAxisWeights(
    {
      sourceLength: Math.min(length, windowLength),
      sourceOffset: Math.max(0, Math.floor((windowLength - length) / 2)),
      lineLength: windowLength,
      resizedLength: outputLength,
      outputOffset: 0,
      outputLength,
    },
    filter,
  );
  return cut === 0 ? axis : { ...axis, starts: axis.starts.map((start) => start + cut) };
}
