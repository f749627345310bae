/** Turns every image that crossed to the worker into RGBA pixels, and checks it before decoding. */

import { untilAborted } from "../shared/abortable-wait.ts";
import { VlmError } from "../protocol/errors.ts";
import { decodeDataAddress } from "../download/data-address.ts";
import { isDataAddress, shownAddress } from "../schema/local-address.ts";
import type { WireImage } from "../wire/worker-api.ts";
import {
  assertByteLength,
  assertSides,
  assertWithinLimits,
  type ImageLimits,
} from "../image/limits.ts";
import { assertDecodedSize } from "../image/decoded-size.ts";
import { readImageHeader } from "../image/formats/sniff.ts";

/** Pixels as RGBA, not premultiplied, turned upright. */
export interface Pixels {
  readonly data: Uint8ClampedArray; // [height, width, 4]
  readonly width: number;
  readonly height: number;
}

/** An image as it arrived: a file that is not decoded yet, or pixels. */
export type ImageContent = Uint8Array<ArrayBuffer> | Pixels;

/**
 * @throws {VlmError} `image-too-large`, `image-unreadable`, `image-fetch-failed`
 */
export async function readImage(
  image: WireImage,
  limits: ImageLimits,
  signal: AbortSignal,
): Promise<ImageContent> {
  switch (image.kind) {
    case "pixels":
      assertSides(image.pixels, limits);
      return image.pixels;
    case "bitmap":
      try {
        assertSides(image.bitmap, limits);
        return readPixels(image.bitmap);
      } finally {
        image.bitmap.close();
      }
    case "blob":
      return readBlob(image.blob, limits, signal);
    case "url":
      if (isDataAddress(image.url)) return readDataAddress(image.url, limits);
      return readBlob(await fetchImage(image.url, limits, signal), limits, signal);
  }
}

/**
 * @throws {VlmError} `image-unsupported`, `image-too-large`, `image-unreadable`
 */
export async function decodeImage(content: ImageContent, limits: ImageLimits): Promise<Pixels> {
  return content instanceof Uint8Array ? decodeFile(content, limits) : content;
}

async function decodeFile(bytes: Uint8Array<ArrayBuffer>, limits: ImageLimits): Promise<Pixels> {
  const header = readImageHeader(bytes);
  assertWithinLimits(header, bytes.byteLength, limits);
  let bitmap: ImageBitmap;
  try {
    // The Blob has no type, so that the bytes decide. The EXIF orientation is applied.
    bitmap = await createImageBitmap(new Blob([bytes]), { imageOrientation: "from-image" });
  } catch (cause) {
    throw new VlmError(
      "image-unreadable",
      "The browser could not decode the image. It may be damaged; save it again as PNG or JPEG.",
      { reason: "decode-failed" },
      { cause },
    );
  }
  try {
    assertDecodedSize(bitmap, header, limits);
    return readPixels(bitmap);
  } finally {
    bitmap.close();
  }
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
    throw new VlmError(
      "image-unreadable",
      "The image's file could not be read. It may have been moved or changed; choose it again.",
      { reason: "not-ready" },
      { cause },
    );
  }
}

function readPixels(bitmap: ImageBitmap): Pixels {
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("No 2d context");
  context.drawImage(bitmap, 0, 0);
  return context.getImageData(0, 0, bitmap.width, bitmap.height);
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

/** Fetches an image without sending anything about the user: no cookies, no referrer. */
async function fetchImage(url: string, limits: ImageLimits, signal: AbortSignal): Promise<Blob> {
  const shownUrl = shownAddress(url);
  let response: Response;
  try {
    response = await fetch(url, {
      mode: "cors",
      credentials: "omit",
      referrerPolicy: "no-referrer",
      signal,
    });
  } catch (cause) {
    if (signal.aborted || VlmError.is(cause)) throw cause;
    throw new VlmError(
      "image-fetch-failed",
      "The image could not be fetched. Check its address, the connection, and that its server allows CORS.",
      { url: shownUrl },
      { cause },
    );
  }
  if (!response.ok) {
    throw new VlmError(
      "image-fetch-failed",
      `The image's server answered ${String(response.status)}. Check its address.`,
      { url: shownUrl, status: response.status },
    );
  }
  return readWithin(response, limits);
}

/** Reads the body and stops at the limit, whatever length the server claims. */
async function readWithin(response: Response, limits: ImageLimits): Promise<Blob> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  const reader = response.body?.getReader();
  while (reader) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    bytes += value.byteLength;
    if (bytes > limits.maxBytes) {
      await reader.cancel();
      assertByteLength(bytes, limits);
    }
  }
  return new Blob(chunks);
}
