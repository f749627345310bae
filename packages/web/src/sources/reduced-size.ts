/** Decides how large an image of the page is copied: not larger than the encoder needs. */

import type { Size } from "../image/formats/size.ts";
import type { ImageFit } from "../protocol/options.ts";

/** How the encoder sees an image. */
export interface SeenAs {
  /** The longest side that it sees, in pixels. */
  readonly side: number;
  /** What is undefined, the model's family decides; no family crops by itself. */
  readonly fit: ImageFit | undefined;
}

/** What is left of an image has at least this many times the sides that the encoder sees. */
const SPARE = 1.5;

/** An image up to this side is copied as it is, because it is small. */
const ALWAYS_KEPT_SIDE = 1024;

/**
 * The size at which an image is copied. The browser halves the image as often as it can, which averages blocks of
 * 2 × 2 pixels. The kit's own filter does the rest, so that the answer is nearly that of the whole image.
 */
export function reducedSize({ width, height }: Size, { side, fit }: SeenAs): Size {
  const longest = fit === "crop" ? Math.min(width, height) : Math.max(width, height);
  const least = Math.max(SPARE * side, ALWAYS_KEPT_SIDE);
  const halvings = Math.max(0, Math.floor(Math.log2(longest / least)));
  const scale = 2 ** halvings;
  return { width: Math.ceil(width / scale), height: Math.ceil(height / scale) };
}
