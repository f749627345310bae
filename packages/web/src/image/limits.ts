import { VlmError, type VlmErrorDetails } from "../protocol/errors.ts";
import type { ImageHeader } from "./formats/image-header.ts";
import { showSize, type Size } from "./formats/size.ts";

/** Limits for images. An image over a limit is refused before it is decoded. `Infinity` removes a limit. */
export interface ImageLimits {
  /** The size of the file in bytes. */
  readonly maxBytes: number;
  /** The longer side in pixels. A file with a longer one is reduced to it while it is decoded. */
  readonly maxSide: number;
  /**
   * Width times height in pixels. Decoding takes 4 bytes for each pixel, and in some browsers twice as much. A JPEG with
   * more pixels is reduced to so many while it is decoded, where the browser can do that: Chromium can.
   */
  readonly maxPixels: number;
  /** Width times height of a JPEG that is reduced while it is decoded. */
  readonly maxReducedPixels: number;
  /** The number of segments of a JPEG. Decoding time grows with the square of this number. */
  readonly maxSegments: number;
  /** The number of scans of a progressive JPEG. Each scan paints the whole image again. */
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
 * Refuses an image that would cost too much to decode, and says to which size a large one is reduced.
 *
 * @param canReduce whether the browser can make a JPEG smaller while it decodes it
 * @returns the most that the decoder may return; undefined where that is the whole image
 * @throws {VlmError} `image-too-large`; `details` say which limit, and by how much.
 */
export function chooseDecodedSize(
  header: ImageHeader,
  byteLength: number,
  limits: ImageLimits,
  canReduce: boolean,
): Size | undefined {
  assertByteLength(byteLength, limits);
  assertCounts(header, limits);
  assertRatio(header, limits);
  const pixels = header.width * header.height;
  if (canReduce && header.kind === "jpeg" && pixels > limits.maxPixels) {
    assertReducible(header, limits);
  } else {
    assertPixels(header, limits);
  }
  if (header.decoded) assertSides(header.decoded, limits);
  const longer = Math.max(header.width, header.height);
  const scale = Math.min(Math.sqrt(limits.maxPixels / pixels), limits.maxSide / longer);
  if (scale >= 1) return undefined;
  return {
    width: Math.max(1, Math.floor(header.width * scale)),
    height: Math.max(1, Math.floor(header.height * scale)),
  };
}

/** The bytes of a progressive JPEG's coefficients that the decoder may keep: two for each, until the last scan is read. */
const MAX_COEFFICIENTS = 170e6;

function assertReducible(header: ImageHeader, limits: ImageLimits): void {
  const { width, height, coefficients = 0 } = header;
  assertAtMost("pixels", "maxReducedPixels", width * height, limits, (limit) => {
    return `The image is ${showSize(header)} pixels, more than the limit of ${limit / 1e6} megapixels.`;
  });
  if (coefficients <= MAX_COEFFICIENTS) return;
  const limit = Math.floor((width * height * MAX_COEFFICIENTS) / coefficients);
  throw new VlmError(
    "image-too-large",
    `The image is ${showSize(header)} pixels, too many for a progressive JPEG, which is kept in memory whole while it is decoded. Save it again as a baseline JPEG, or shrink it.`,
    { what: "pixels", actual: width * height, limit },
  );
}

/** Pixels times scans of a JPEG. Chromium 156 takes about 1.3 s for a thousand million on a machine of two cores. */
const MAX_SCANNED_PIXELS = 2e9;

function assertCounts(header: ImageHeader, limits: ImageLimits): void {
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
    return `The image's file has ${scans} scans, more than the limit of ${limit} for its size.`;
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

function assertPixels(size: Size, limits: ImageLimits): void {
  assertAtMost("pixels", "maxPixels", size.width * size.height, limits, (limit) => {
    return `The image is ${showSize(size)} pixels, more than the limit of ${limit / 1e6} megapixels.`;
  });
}

function assertRatio(size: Size, limits: ImageLimits): void {
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
