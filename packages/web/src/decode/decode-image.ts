/** Turns every image that crossed to the worker into RGBA pixels, and checks it before decoding. */

import { untilAborted } from "../shared/abortable-wait.ts";
import { VlmError } from "../protocol/errors.ts";
import { decodeDataAddress } from "../shared/data-address.ts";
import type { WireImage } from "../wire/worker-api.ts";
import { unreadableFile } from "../image/image-errors.ts";
import { chooseCopiedSize } from "../image/choose-decoded-size.ts";
import { assertByteLength, assertSides, type ImageLimits } from "../image/limits.ts";
import { isSame, type Size } from "../image/formats/size.ts";
import { readPixels } from "./browser-decoder.ts";
import { decodeFile, type DecodedImage } from "./decode-file.ts";
import type { FileDecoder, Pixels } from "./file-decoder.ts";

/** An image as it arrived: a file that is not decoded yet, or pixels. */
export type ImageContent = Uint8Array<ArrayBuffer> | DecodedImage;

/**
 * @throws {VlmError} `image-too-large`, `image-unreadable`
 */
export async function readImage(
  image: WireImage,
  limits: ImageLimits,
  signal: AbortSignal,
): Promise<ImageContent> {
  switch (image.kind) {
    case "pixels":
      assertSides(image.pixels, limits);
      return { pixels: image.pixels };
    case "bitmap":
      try {
        chooseCopiedSize(image.natural, limits);
        assertSides(image.bitmap, limits);
        return toDecoded(readPixels(image.bitmap), image.natural);
      } finally {
        image.bitmap.close();
      }
    case "blob":
      return readBlob(image.blob, limits, signal);
    case "data":
      return readDataAddress(image.url, limits);
  }
}

/**
 * @param onStart called when a decoder begins; never for pixels
 * @throws {VlmError} `image-unsupported`, `image-too-large`, `image-unreadable`
 * @throws the signal's reason as soon as it aborts
 */
export async function decodeImage(
  content: ImageContent,
  decoder: FileDecoder,
  limits: ImageLimits,
  signal: AbortSignal,
  onStart?: () => void,
): Promise<DecodedImage> {
  return content instanceof Uint8Array
    ? decodeFile(content, decoder, limits, signal, onStart)
    : content;
}

/** @param natural the image's own size, of which the pixels may be a smaller copy */
function toDecoded(pixels: Pixels, natural: Size): DecodedImage {
  return isSame(pixels, natural) ? { pixels } : { pixels, fullSize: natural };
}

async function readBlob(
  blob: Blob,
  limits: ImageLimits,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  // The size is checked first, so that bytes over the limit are never read.
  assertByteLength(blob.size, limits);
  try {
    // A file may be on a drive that does not answer, so the signal has to end the wait.
    return new Uint8Array(await untilAborted(blob.arrayBuffer(), signal));
  } catch (cause) {
    if (signal.aborted) throw cause;
    throw unreadableFile(cause);
  }
}

/** Reads a `data:` address without a request, which a strict policy would refuse. */
function readDataAddress(url: string, limits: ImageLimits): Uint8Array<ArrayBuffer> {
  // A byte takes at most three characters, and the beginning of the address a few dozen.
  assertByteLength(Math.max(0, Math.floor((url.length - 100) / 3)), limits);
  const bytes = decodeDataAddress(url);
  if (!bytes) {
    throw new VlmError(
      "image-unreadable",
      "The image's `data:` address is malformed. It needs a comma, and valid base64 or percent-coded bytes after it.",
      { reason: "malformed" },
    );
  }
  assertByteLength(bytes.byteLength, limits);
  return bytes;
}
