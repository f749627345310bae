import { VlmError } from "../protocol/errors.ts";
import type { ImageHeader, ImageKind } from "./formats/image-header.ts";
import { showSize, type Size } from "./formats/size.ts";
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

/** Kinds that decoders decode in four bytes for each pixel. AVIF and JPEG XL take up to three times as much. */
const LEAN_KINDS: ReadonlySet<ImageKind> = new Set(["jpeg", "png", "webp", "gif", "bmp"]);

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
  if (header.decoded) assertSides(header.decoded, limits);
  let mostPixels = limits.maxPixels;
  if (width * height > limits.maxPixels) {
    assertReducible(header, limits, canScale && kind === "jpeg");
    mostPixels = Math.min(mostPixels, REDUCED_PIXELS);
  }
  const scale = Math.min(
    Math.sqrt(mostPixels / (width * height)),
    limits.maxSide / Math.max(width, height),
  );
  if (scale >= 1) return undefined;
  return {
    width: Math.max(1, Math.floor(width * scale)),
    height: Math.max(1, Math.floor(height * scale)),
  };
}

function assertReducible(header: ImageHeader, limits: ImageLimits, isScaled: boolean): void {
  const { width, height, kind, needsMoreMemory, coefficients = 0 } = header;
  const pixels = width * height;
  if (limits.maxReducedPixels <= limits.maxPixels) assertPixels(header, limits);
  if (!LEAN_KINDS.has(kind) || needsMoreMemory) assertPixels(header, limits);
  if (!isScaled && 4 * pixels > MAX_DECODER_BYTES) assertPixels(header, limits);
  assertPixels(header, limits, "maxReducedPixels");
  const bytes = 2 * coefficients + (isScaled ? 0 : 4 * pixels);
  if (bytes <= MAX_DECODER_BYTES) return;
  throw new VlmError(
    "image-too-large",
    `The image is ${showSize(header)} pixels, too many for a progressive JPEG, which is in memory twice while it is decoded. Save it again as a baseline JPEG, or shrink it.`,
    { what: "pixels", actual: pixels, limit: Math.floor((pixels * MAX_DECODER_BYTES) / bytes) },
  );
}
