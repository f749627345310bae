import { VlmError, type VlmErrorDetails } from "../protocol/errors.ts";
import type { ImageHeader } from "./formats/image-header.ts";

/** Limits for images. An image over a limit is refused before it is decoded. `Infinity` removes a limit. */
export interface ImageLimits {
  /** The size of the file in bytes. */
  readonly maxBytes: number;
  /** The longer side in pixels. */
  readonly maxSide: number;
  /** Width times height in pixels. Decoding takes 4 bytes for each pixel, and in some browsers twice as much. */
  readonly maxPixels: number;
  /** The number of segments of a JPEG. Decoding time grows with the square of this number. */
  readonly maxSegments: number;
  /** The number of scans of a progressive JPEG. Each scan paints the whole image again. */
  readonly maxScans: number;
  /** The number of chunks of a PNG. */
  readonly maxChunks: number;
  /** The longer side divided by the shorter one. Beyond it the image is only a thin line on the encoder's square. */
  readonly maxRatio: number;
}

/** Limits that all usual photographs and screenshots meet, and that are safe for a tab on a phone. */
export const DEFAULT_IMAGE_LIMITS: ImageLimits = Object.freeze({
  maxBytes: 20 * 2 ** 20,
  maxSide: 16_384,
  maxPixels: 40e6,
  maxSegments: 2_000,
  maxScans: 100,
  maxChunks: 10_000,
  maxRatio: 200,
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
 * Refuses an image that would cost too much to decode.
 *
 * @throws {VlmError} `image-too-large`; `details` say which limit, and by how much.
 */
export function assertWithinLimits(
  header: ImageHeader,
  byteLength: number,
  limits: ImageLimits,
): void {
  const { segments, scans, kind } = header;
  assertByteLength(byteLength, limits);
  assertSides(header, limits);
  if (header.decoded) assertSides(header.decoded, limits);
  const [countLimit, noun] =
    kind === "png" ? (["maxChunks", "chunks"] as const) : (["maxSegments", "segments"] as const);
  assertAtMost("segments", countLimit, segments, limits, (limit) => {
    return `The image's file has ${segments} ${noun}, more than the limit of ${limit}.`;
  });
  assertAtMost("segments", "maxScans", scans, limits, (limit) => {
    return `The image's file has ${scans} scans, more than the limit of ${limit}.`;
  });
}

/**
 * Refuses an image by its sides alone: enough for pixels that are decoded already.
 *
 * @throws {VlmError} `image-too-large`
 */
export function assertSides(
  { width, height }: Pick<ImageHeader, "width" | "height">,
  limits: ImageLimits,
): void {
  const size = `${width} × ${height} pixels`;
  const longer = Math.max(width, height);
  assertAtMost("pixels", "maxPixels", width * height, limits, (limit) => {
    return `The image is ${size}, more than the limit of ${limit / 1e6} megapixels.`;
  });
  assertAtMost("side", "maxSide", longer, limits, (limit) => {
    return `The image is ${size}, more than the limit of ${limit} pixels a side.`;
  });
  assertAtMost("ratio", "maxRatio", longer / Math.min(width, height), limits, (limit) => {
    return `The image is ${size}, longer than the limit of ${limit} times its shorter side.`;
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
