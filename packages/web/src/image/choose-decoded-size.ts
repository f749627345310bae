import { VlmError } from "../protocol/errors.ts";
import type { ImageHeader } from "./formats/image-header.ts";
import { cover, showSize, type Size } from "./formats/size.ts";
import {
  assertByteLength,
  assertCounts,
  assertPixels,
  assertRatio,
  assertSides,
  type ImageLimits,
} from "./limits.ts";

/**
 * How much memory a decoder may take for an image that is reduced, in bytes. For 108 megapixels, a renderer of
 * Chromium 156 took 260 MB above idle as JPEG, 520 as progressive JPEG, and 680 as WebP, everything included.
 */
const MAX_DECODER_BYTES = 440e6;

/** What is left of an image with too many pixels: four times what the largest encoder sees, which is 2,048 pixels a side. */
const REDUCED_PIXELS = 16e6;

/** What a byte of an AVIF's planes counts, beside one of its pixels: what Chromium 156 took for them was less. */
const PLANES_COUNT = 0.75;

/**
 * Refuses an image that would cost too much to decode, and says to which size a large one is reduced.
 *
 * @param canScale whether the browser can make a JPEG smaller while it decodes it
 * @returns the most that the decoder may return; undefined where that is the whole image
 * @throws {VlmError} `image-too-large`; `details` say which limit, and by how much.
 */
export function chooseDecodedSize(
  header: ImageHeader,
  byteLength: number,
  limits: ImageLimits,
  canScale: boolean,
): Size | undefined {
  const { width, height, kind } = header;
  assertByteLength(byteLength, limits);
  assertCounts(header, limits);
  assertRatio(header, limits);
  const decoded = header.decoded ? cover(header, header.decoded) : header;
  // Of an icon only the largest image counts, and the decoder may take another one.
  if (kind === "ico") assertSides(decoded, limits);
  if (areaOf(decoded) > limits.maxPixels) {
    assertReducible(header, decoded, limits, canScale && kind === "jpeg");
  }
  return shrinkTo({ width, height }, limits);
}

/**
 * Refuses pixels that are decoded already and would cost too much to copy, and says to which size large ones are reduced.
 * The limits are those of a file that is decoded whole.
 *
 * @returns the most that the copy may have; undefined where that is the whole image
 * @throws {VlmError} `image-too-large`
 */
export function chooseCopiedSize(size: Size, limits: ImageLimits): Size | undefined {
  assertRatio(size, limits);
  if (areaOf(size) > limits.maxPixels) assertWholeReducible(size, limits);
  return shrinkTo(size, limits);
}

/** What is left of an image within `maxPixels` and `maxSide`; undefined where that is all of it. */
function shrinkTo({ width, height }: Size, { maxPixels, maxSide }: ImageLimits): Size | undefined {
  const pixels = width * height;
  const mostPixels = pixels > maxPixels ? Math.min(maxPixels, REDUCED_PIXELS) : pixels;
  const scale = Math.min(Math.sqrt(mostPixels / pixels), maxSide / Math.max(width, height));
  if (scale >= 1) return undefined;
  return {
    width: Math.max(1, Math.floor(width * scale)),
    height: Math.max(1, Math.floor(height * scale)),
  };
}

function assertReducible(
  header: ImageHeader,
  decoded: Size,
  limits: ImageLimits,
  isScaled: boolean,
): void {
  const { coefficients = 0, planeBytes = 0 } = header;
  if (isScaled) {
    if (limits.maxReducedPixels <= limits.maxPixels) assertPixels(decoded, limits);
    assertPixels(decoded, limits, "maxReducedPixels");
  } else {
    assertWholeReducible(decoded, limits);
  }
  const pixels = areaOf(decoded);
  const planes = PLANES_COUNT * planeBytes * pixels;
  const bytes = 2 * coefficients + planes + (isScaled ? 0 : 4 * pixels);
  if (bytes <= MAX_DECODER_BYTES) return;
  const why =
    planes > 0
      ? "an AVIF of this kind, whose samples are in memory beside its pixels while it is decoded. Save it again with 8 bits a sample, without transparency, or as JPEG"
      : "a progressive JPEG, which is in memory twice while it is decoded. Save it again as a baseline JPEG";
  throw new VlmError(
    "image-too-large",
    `The image is ${showSize(decoded)} pixels, too many for ${why}, or shrink it.`,
    { what: "pixels", actual: pixels, limit: Math.floor((pixels * MAX_DECODER_BYTES) / bytes) },
  );
}

/** @throws {VlmError} `image-too-large` for more pixels than may be in memory whole, in order to be reduced */
function assertWholeReducible(size: Size, limits: ImageLimits): void {
  if (limits.maxReducedPixels <= limits.maxPixels) assertPixels(size, limits);
  if (4 * areaOf(size) > MAX_DECODER_BYTES) assertPixels(size, limits);
  assertPixels(size, limits, "maxReducedPixels");
}

function areaOf({ width, height }: Size): number {
  return width * height;
}
