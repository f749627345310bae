/** Resizes decoded pixels and images between several resizes, each as Pillow does. */

import type { Size } from "../formats/size.ts";
import { toAxisWeights, type AxisWeights, type ResizeFilter } from "./axis-weights.ts";
import { resample, type Colour, type ImagePixels, type OpaqueImage } from "./resample.ts";

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

/** Resizes decoded pixels. */
export function resizePixels(
  pixels: ImagePixels,
  { window, size, filter, background }: ResizeWindow,
): OpaqueImage {
  const columns = windowAxis(pixels.width, window.width, size.width, filter);
  const rows = windowAxis(pixels.height, window.height, size.height, filter);
  return resample(pixels, { size, columns, rows, background });
}

/** Resizes the whole image; each side has a factor of its own. The image itself where it has this size. */
export function resizeImage(image: OpaqueImage, size: Size, filter: ResizeFilter): OpaqueImage {
  const { width, height } = image;
  if (size.width === width && size.height === height) return image;
  const axis = (from: number, to: number) =>
    from === to ? undefined : windowAxis(from, from, to, filter);
  const columns = axis(width, size.width);
  const rows = axis(height, size.height);
  return resample(image, { size, ...(columns && { columns }), ...(rows && { rows }) });
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
