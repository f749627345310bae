import { VlmError, type VlmErrorDetails } from "../protocol/errors.ts";
import type { ImageHeader } from "./formats/image-header.ts";
import { showSize, type Size } from "./formats/size.ts";

/** Limits for images. An image over a limit is reduced or refused before it is decoded. `Infinity` removes a limit. */
export interface ImageLimits {
  /** The size of the file in bytes. */
  readonly maxBytes: number;
  /** The longer side in pixels. An image with a longer one is reduced to it while it is decoded or copied. */
  readonly maxSide: number;
  /**
   * Width times height in pixels. Decoding takes 4 bytes for each pixel, and in some browsers twice as much. What is larger
   * is reduced if `maxReducedPixels` allows it.
   */
  readonly maxPixels: number;
  /**
   * Width times height of an image that is reduced. A JPEG is reduced while it is decoded, where the browser can do that
   * (Chromium can). Otherwise all pixels are in memory first, so that images of over 110 megapixels are refused, and AVIF of
   * over 40 to 90, by its kind of samples.
   * If you set `maxPixels` alone, this is the same number.
   */
  readonly maxReducedPixels: number;
  /** The number of segments of a JPEG. Decoding time grows with the square of this number. */
  readonly maxSegments: number;
  /** The number of scans of a progressive JPEG, or of frames of a JPEG XL image. Each one paints the whole image again. */
  readonly maxScans: number;
  /** The number of chunks of a PNG. */
  readonly maxChunks: number;
  /** The longer side divided by the shorter one. Beyond it the image is only a thin line on the encoder's square. */
  readonly maxRatio: number;
  /** How long the browser may take to decode the image, in milliseconds. */
  readonly maxDecodeMs: number;
}

/** Limits that all usual photographs and screenshots meet, and that are safe for a tab on a phone. */
export const DEFAULT_IMAGE_LIMITS: ImageLimits = Object.freeze({
  maxBytes: 50 * 2 ** 20,
  maxSide: 16_384,
  maxPixels: 40e6,
  maxReducedPixels: 200e6,
  maxSegments: 2_000,
  maxScans: 100,
  maxChunks: 10_000,
  maxRatio: 200,
  maxDecodeMs: 10_000,
});

/**
 * Refuses a file by its length alone. Cheap enough to ask before reading a `Blob` into memory.
 *
 * @throws {VlmError} `image-too-large`
 */
export function assertByteLength(byteLength: number, limits: ImageLimits): void {
  assertAtMost("bytes", "maxBytes", byteLength, limits, (limit) => {
    return `The image's file has ${toMebibytes(byteLength)} MiB, more than the limit of ${toMebibytes(limit)} MiB.`;
  });
}

/**
 * What an app gets that names some limits. One that names `maxPixels` alone wants images refused that are larger, and
 * not reduced.
 */
export function resolveImageLimits(own: Partial<ImageLimits> = {}): ImageLimits {
  const { maxPixels, maxReducedPixels = maxPixels } = own;
  return {
    ...DEFAULT_IMAGE_LIMITS,
    ...own,
    ...(maxReducedPixels !== undefined && { maxReducedPixels }),
  };
}

/** Pixels times scans of a JPEG. Chromium 156 takes about 1.3 s for a thousand million on a machine of two cores. */
const MAX_SCANNED_PIXELS = 2e9;

/** @throws {VlmError} `image-too-large` for a file of too many parts */
export function assertCounts(header: ImageHeader, limits: ImageLimits): void {
  const { segments, scans, kind, width, height } = header;
  const [countLimit, noun] =
    kind === "png" || kind === "ico"
      ? (["maxChunks", "chunks"] as const)
      : (["maxSegments", "segments"] as const);
  assertAtMost("segments", countLimit, segments, limits, (limit) => {
    return `The image's file has ${segments} ${noun}, more than the limit of ${limit}.`;
  });
  const maxScans = Math.min(
    limits.maxScans,
    Math.max(1, Math.floor(MAX_SCANNED_PIXELS / (width * height))),
  );
  const own = { ...limits, maxScans: limits.maxScans === Infinity ? Infinity : maxScans };
  assertAtMost("segments", "maxScans", scans, own, (limit) => {
    const noun = kind === "jxl" ? "frames" : "scans";
    return `The image's file has ${scans} ${noun}, more than the limit of ${limit} for its size.`;
  });
}

/**
 * Refuses an image by its sides alone: enough for pixels that are decoded already.
 *
 * @throws {VlmError} `image-too-large`
 */
export function assertSides({ width, height }: Size, limits: ImageLimits): void {
  const size = { width, height };
  assertPixels(size, limits);
  assertAtMost("side", "maxSide", Math.max(width, height), limits, (limit) => {
    return `The image is ${showSize(size)} pixels, more than the limit of ${limit} pixels a side.`;
  });
  assertRatio(size, limits);
}

/** @throws {VlmError} `image-too-large` */
export function assertPixels(
  size: Size,
  limits: ImageLimits,
  name: "maxPixels" | "maxReducedPixels" = "maxPixels",
): void {
  assertAtMost("pixels", name, size.width * size.height, limits, (limit) => {
    return `The image is ${showSize(size)} pixels, more than the limit of ${limit / 1e6} megapixels.`;
  });
}

/** @throws {VlmError} `image-too-large` */
export function assertRatio(size: Size, limits: ImageLimits): void {
  const { width, height } = size;
  const ratio = Math.max(width, height) / Math.min(width, height);
  assertAtMost("ratio", "maxRatio", ratio, limits, (limit) => {
    return `The image is ${showSize(size)} pixels, longer than the limit of ${limit} times its shorter side.`;
  });
}

function assertAtMost(
  what: VlmErrorDetails["image-too-large"]["what"],
  name: keyof ImageLimits,
  actual: number,
  limits: ImageLimits,
  fact: (limit: number) => string,
): void {
  const limit = limits[name];
  if (actual <= limit) return;
  const advice =
    what === "segments"
      ? "Export it again without metadata"
      : what === "ratio"
        ? "Crop it"
        : "Shrink it";
  throw new VlmError(
    "image-too-large",
    `${fact(limit)} ${advice}, or raise \`imageLimits.${name}\`.`,
    { what, actual, limit },
  );
}

function toMebibytes(bytes: number): number {
  return Math.round((bytes / 2 ** 20) * 100) / 100;
}
