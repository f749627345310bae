/** Fetches images from addresses. The page does it, so that an address that never answers holds up no other call. */

import { assertByteLength, type ImageLimits } from "../image/limits.ts";
import { VlmError } from "../protocol/errors.ts";
import { shownAddress } from "../schema/local-address.ts";

/**
 * Fetches an image without sending anything about the user: no cookies, no referrer.
 *
 * @throws {VlmError} `image-fetch-failed`, `image-too-large`; the signal's reason when it aborts
 */
export async function fetchImage(
  url: string,
  limits: ImageLimits,
  signal: AbortSignal,
): Promise<Blob> {
  const response = await untilFailed(url, signal, () =>
    fetch(url, { mode: "cors", credentials: "omit", referrerPolicy: "no-referrer", signal }),
  );
  if (!response.ok) {
    await response.body?.cancel();
    throw new VlmError(
      "image-fetch-failed",
      `The image's server answered ${String(response.status)}. Check its address.`,
      { url: shownAddress(url), status: response.status },
    );
  }
  return untilFailed(url, signal, () => readWithin(response, limits));
}

/** Turns a failure of the network, also one in the middle of the body, into a typed error. */
async function untilFailed<T>(
  url: string,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (signal.aborted || VlmError.is(cause)) throw cause;
    throw new VlmError(
      "image-fetch-failed",
      "The image could not be fetched. Check its address, the connection, and that its server allows CORS.",
      { url: shownAddress(url) },
      { cause },
    );
  }
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
