/** Decodes an image's file with what a browser has: `createImageBitmap`, and `ImageDecoder` where that is not enough. */

import { VlmError } from "../protocol/errors.ts";
import { toDecodablePart } from "../image/decodable-part.ts";
import { swapsSides } from "../image/formats/exif.ts";
import type { ImageHeader } from "../image/formats/image-header.ts";
import type { Size } from "../image/formats/size.ts";
import type { FileDecoder, Pixels } from "./file-decoder.ts";
import { canDecodeInPart, decodePart, decodeReduced, type Frame } from "./image-decoder.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** The decoder of a worker in a browser. */
export const BROWSER_DECODER: FileDecoder = {
  canReduce: canDecodeInPart,
  async open(bytes, header, size) {
    const { image, isTruncated } = await openFrame(bytes, header, size);
    return {
      ...sizeOf(image),
      isTruncated,
      readPixels: () => readPixels(image, header.orientation),
      close: () => {
        image.close();
      },
    };
  },
};

interface OpenedFrame {
  readonly image: Frame;
  readonly isTruncated: boolean;
}

/** @param size what it is reduced to; undefined leaves it as it is */
async function openFrame(
  bytes: Bytes,
  header: ImageHeader,
  size: Size | undefined,
): Promise<OpenedFrame> {
  const isTruncated = header.isTruncated === true;
  if (isTruncated && (await canDecodeInPart(header.kind))) {
    const image = await decodeCut(bytes.subarray(0, header.end), header, size);
    if (image) return { image, isTruncated };
  }
  const parts = toDecodablePart(bytes, header);
  const reduced = size && header.kind === "jpeg" && (await decodeReduced(parts, header.kind, size));
  if (reduced) return { image: reduced, isTruncated };
  try {
    return { image: await createImageBitmap(new Blob(parts), bitmapOptions(size)), isTruncated };
  } catch (cause) {
    const image = await decodeDamaged(bytes, header);
    if (image) return { image, isTruncated: true };
    throw decodeFailed(header, cause);
  }
}

/**
 * Shows what there is as an `<img>` does: what is missing is transparent. Firefox decodes a file that is cut short to a
 * bitmap; Chromium refuses it at once, and has a decoder for files that are still arriving. WebKit has no such decoder, and
 * its bitmap may be empty.
 */
async function decodeCut(
  bytes: Bytes,
  { kind }: ImageHeader,
  size: Size | undefined,
): Promise<Frame | undefined> {
  try {
    return await createImageBitmap(new Blob([bytes]), bitmapOptions(size));
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    return size ? undefined : decodePart(bytes, kind);
  }
}

/**
 * What an `<img>` shows of a PNG with a wrong checksum or a wrong chunk after its data, and of a BMP that is cut short, whose
 * end no reader here looks for.
 */
async function decodeDamaged(bytes: Bytes, header: ImageHeader): Promise<Frame | undefined> {
  const { kind, end, isTruncated } = header;
  if (isTruncated || (kind !== "bmp" && !(kind === "png" && end !== undefined))) return undefined;
  return decodePart(bytes.subarray(0, end), kind);
}

/** The EXIF orientation is applied. The Blob has no type, so that the bytes decide. */
function bitmapOptions(size: Size | undefined): ImageBitmapOptions {
  return {
    imageOrientation: "from-image",
    ...(size && { resizeWidth: size.width, resizeHeight: size.height, resizeQuality: "high" }),
  };
}

function decodeFailed({ kind, isTruncated }: ImageHeader, cause: unknown): VlmError {
  if (kind === "jxl") {
    return new VlmError(
      "image-unsupported",
      "This browser could not decode the JPEG XL file; many browsers decode none. Convert it to PNG, JPEG or WebP.",
      { kind },
      { cause },
    );
  }
  if (isTruncated) {
    return new VlmError(
      "image-unreadable",
      `The ${kind.toUpperCase()} file ends too early, and the browser could not show a part of it. Fetch or export it again; it may be a partial download.`,
      { reason: "truncated" },
      { cause },
    );
  }
  return new VlmError(
    "image-unreadable",
    "The browser could not decode the image. It may be damaged; save it again as PNG or JPEG.",
    { reason: "decode-failed" },
    { cause },
  );
}

function sizeOf(image: Frame): Size {
  return "displayWidth" in image
    ? { width: image.displayWidth, height: image.displayHeight }
    : { width: image.width, height: image.height };
}

/** @param orientation as in EXIF, where the browser has not applied it */
export function readPixels(image: Frame, orientation = 1): Pixels {
  const { width, height } = sizeOf(image);
  const isTurned = swapsSides(orientation);
  const canvas = new OffscreenCanvas(isTurned ? height : width, isTurned ? width : height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("No 2d context");
  context.setTransform(...turnOf(orientation, { width, height }));
  context.drawImage(image, 0, 0);
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height);
  canvas.width = canvas.height = 0; // Frees its memory now, and not when garbage is collected.
  return pixels;
}

type Turn = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

/** The transform that shows an image of this size upright. */
function turnOf(orientation: number, { width, height }: Size): Turn {
  switch (orientation) {
    case 2:
      return [-1, 0, 0, 1, width, 0];
    case 3:
      return [-1, 0, 0, -1, width, height];
    case 4:
      return [1, 0, 0, -1, 0, height];
    case 5:
      return [0, 1, 1, 0, 0, 0];
    case 6:
      return [0, 1, -1, 0, height, 0];
    case 7:
      return [0, -1, -1, 0, height, width];
    case 8:
      return [0, -1, 1, 0, 0, width];
    default:
      return [1, 0, 0, 1, 0, 0];
  }
}
