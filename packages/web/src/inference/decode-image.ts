/** Turns every image that crossed to the worker into RGBA pixels, and checks it before decoding. */

import { untilAborted } from "../shared/abortable-wait.ts";
import { VlmError } from "../protocol/errors.ts";
import { decodeDataAddress } from "../download/data-address.ts";
import { isDataAddress, shownAddress } from "../schema/local-address.ts";
import type { WireImage } from "../wire/worker-api.ts";
import { assertByteLength, assertSides, type ImageLimits } from "../image/limits.ts";
import { decodeFile, readPixels, type DecodedImage, type Pixels } from "./decode-file.ts";

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
 * @throws the signal's reason as soon as it aborts
 */
export async function decodeImage(
  content: ImageContent,
  limits: ImageLimits,
  signal: AbortSignal,
): Promise<DecodedImage> {
  if (content instanceof Uint8Array) return decodeFile(content, limits, signal);
  return { pixels: content };
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
