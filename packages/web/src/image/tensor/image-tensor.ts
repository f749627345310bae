/**
 * Turns pixels into the input of a vision encoder: blend with the background, pad or crop, resize, scale to the encoder's
 * range, and reorder from interleaved to planar. No cropped pixel is computed.
 */

import type { ImageFit } from "../../protocol/options.ts";
import { BICUBIC, toAxisWeights, type Axis, type AxisWeights } from "./axis-weights.ts";
import type { ChannelRange } from "./channel-range.ts";
import { cropToTensor } from "./crop-to-tensor.ts";
import { resample, type Colour, type ImagePixels } from "./resample.ts";

/** How an image becomes the square that the encoder sees. */
export interface ImageTensorOptions {
  /** Side of the square, in pixels. */
  readonly size: number;
  /**
   * `pad` keeps all of the image, centred between black bars, as Apple's `predict.py` does
   * (`expand2square`, then resize). `crop` fills the square and cuts off what sticks out, as the
   * image processor of transformers.js does. `stretch` makes each side as long as the square's.
   */
  readonly fit: ImageFit;
  /** The range of the encoder's numbers. */
  readonly range: ChannelRange;
  /** The colour behind transparent pixels. White by default. */
  readonly background?: Colour;
}

/**
 * Transparent images are mostly logos, icons and diagrams drawn for a light page: on white they
 * are legible. Dropping alpha, as the reference does, shows whatever colour lies under the
 * transparent pixels, and that is black in whatever came through a canvas.
 */
export const WHITE: Colour = [255, 255, 255];

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

  const [columns, rows] = AXES[fit](width, height, size);
  const square = { width: size, height: size };
  const image = resample(pixels, { size: square, columns, rows, background });
  return cropToTensor(image, { left: 0, top: 0, side: size }, range);
}

/** The axes that an image of this width and height has in a square of this size. */
type ToAxes = (
  width: number,
  height: number,
  size: number,
) => [columns: AxisWeights, rows: AxisWeights];

const AXES: Readonly<Record<ImageFit, ToAxes>> = {
  pad: padAxes,
  crop: cropAxes,
  stretch: stretchAxes,
};

/** Both axes are those of the square around the image. The odd pixel of padding goes after it. */
function padAxes(width: number, height: number, size: number): ReturnType<ToAxes> {
  const side = Math.max(width, height);
  const toAxis = (sourceLength: number) =>
    toWeights({
      sourceLength,
      sourceOffset: Math.floor((side - sourceLength) / 2),
      lineLength: side,
      resizedLength: size,
      outputOffset: 0,
      outputLength: size,
    });
  return [toAxis(width), toAxis(height)];
}

/** The shorter side becomes `size`; of the longer one, the middle is computed. */
function cropAxes(width: number, height: number, size: number): ReturnType<ToAxes> {
  const factor = Math.max(size / width, size / height);
  const toAxis = (sourceLength: number) => {
    // To hundredths and then down, as transformers.js does it, so that 1023.999… is 1024.
    const resizedLength = Math.floor(Number((sourceLength * factor).toFixed(2)));
    return toWeights({
      sourceLength,
      sourceOffset: 0,
      lineLength: sourceLength,
      resizedLength,
      outputOffset: Math.floor((resizedLength - size) / 2),
      outputLength: size,
    });
  };
  return [toAxis(width), toAxis(height)];
}

/** Each side has a factor of its own. */
function stretchAxes(width: number, height: number, size: number): ReturnType<ToAxes> {
  const toAxis = (length: number) =>
    toWeights({
      sourceLength: length,
      sourceOffset: 0,
      lineLength: length,
      resizedLength: size,
      outputOffset: 0,
      outputLength: size,
    });
  return [toAxis(width), toAxis(height)];
}

function toWeights(axis: Axis): AxisWeights {
  return toAxisWeights(axis, BICUBIC);
}

function assertSide(name: string, value: number): void {
  if (Number.isInteger(value) && value > 0) return;
  throw new TypeError(
    `Expected \`${name}\` to be a positive integer, got \`${value}\` (${typeof value})`,
  );
}
