/** Finds images in which there is nothing to see, so that an app can say so beside the answer. */

import type { PixelHint } from "../protocol/result.ts";

/** Pixels as RGBA, four bytes each. */
interface RgbaPixels {
  readonly data: ArrayLike<number>;
  readonly width: number;
  readonly height: number;
}

/** The pixels that are looked at lie on a grid of at most so many columns and rows. */
const GRID = 128;

/** Colours that differ by no more than this in each channel count as one. JPEG alone makes differences of a few. */
const SAME_COLOUR = 12;

/** The greatest share of pixels that may have another colour. A drawing of a few thin lines has more. */
const MAX_OTHER_SHARE = 0.002;

/** What the pixels alone say; undefined if there is something to see. Looks at 16,384 pixels at most. */
export function pixelHintOf({ data, width, height }: RgbaPixels): PixelHint | undefined {
  const columns = Math.min(width, GRID);
  const rows = Math.min(height, GRID);
  const sample = new Uint8Array(columns * rows * 3);
  let hasColour = false;
  for (let at = 0; at < columns * rows; at++) {
    const x = gridLine(at % columns, columns, width);
    const y = gridLine(Math.floor(at / columns), rows, height);
    const from = (y * width + x) * 4;
    const alpha = data[from + 3]!;
    hasColour ||= alpha > 0;
    // As the encoder is shown it: on white.
    for (let channel = 0; channel < 3; channel++) {
      sample[at * 3 + channel] = 255 + ((data[from + channel]! - 255) * alpha) / 255;
    }
  }
  if (!hasColour) return "transparent";
  return shareOfOthers(sample) <= MAX_OTHER_SHARE ? "nearly-uniform" : undefined;
}

/** The middle of a cell of the grid. */
function gridLine(index: number, count: number, length: number): number {
  return Math.floor(((index + 0.5) * length) / count);
}

/** Which share of the pixels differs from the commonest colour, taken as the median of each channel. */
function shareOfOthers(sample: Uint8Array): number {
  const medians = [0, 1, 2].map((channel) => medianOf(sample, channel));
  let others = 0;
  for (let at = 0; at < sample.length; at += 3) {
    if (medians.some((median, channel) => Math.abs(sample[at + channel]! - median) > SAME_COLOUR)) {
      others += 1;
    }
  }
  return others / (sample.length / 3);
}

function medianOf(sample: Uint8Array, channel: number): number {
  const counts = new Uint32Array(256);
  for (let at = channel; at < sample.length; at += 3) counts[sample[at]!]! += 1;
  let left = sample.length / 6; // half of the pixels
  let value = 0;
  while (value < 255 && (left -= counts[value]!) > 0) value += 1;
  return value;
}
