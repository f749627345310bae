/** Fetches images from addresses. The page does it, so that an address that never answers holds up no other call. */

import { assertByteLength, type ImageLimits } from "../image/limits.ts";
import { VlmError } from "../protocol/errors.ts";
import { shownAddress } from "../schema/local-address.ts";
import { untilAborted } from "../shared/abortable-wait.ts";

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
  return readAnswer(response, url, limits, signal);
}

/**
 * Reads the image of a response that the app has received. The body stays there for the app too.
 *
 * @throws {VlmError} `image-fetch-failed`, `image-too-large`; `image-unreadable` where the page may not read it; the
 *   signal's reason when it aborts
 * @throws {TypeError} when its body was read already
 */
export async function readResponse(
  response: Response,
  limits: ImageLimits,
  signal: AbortSignal,
): Promise<Blob> {
  if (response.type === "opaque") {
    throw new VlmError(
      "image-unreadable",
      'The response is of another origin, and this page may not read it. Fetch it with CORS, without `mode: "no-cors"`.',
      { reason: "cross-origin" },
    );
  }
  if (response.bodyUsed || response.body?.locked === true) {
    throw new TypeError(
      "Expected `image` to be a Response whose body was not read yet. Pass the Blob that you read, or `response.clone()`",
    );
  }
  return readAnswer(response.clone(), response.url, limits, signal);
}

async function readAnswer(
  response: Response,
  url: string,
  limits: ImageLimits,
  signal: AbortSignal,
): Promise<Blob> {
  if (!response.ok) {
    abandon(response.body);
    throw new VlmError(
      "image-fetch-failed",
      `The image's server answered ${String(response.status)}. Check its address.`,
      { url: shownAddress(url), status: response.status },
    );
  }
  return untilFailed(url, signal, () => readWithin(response, limits, signal));
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
    if (VlmError.is(cause)) throw cause;
    // WebKit rejects with an error of its own, whatever the reason is.
    if (signal.aborted) throw signal.reason;
    throw new VlmError(
      "image-fetch-failed",
      "The image could not be fetched. Check its address, the connection, and that its server allows CORS.",
      { url: shownAddress(url) },
      { cause },
    );
  }
}

/** Reads the body and stops at the limit, whatever length the server claims. */
async function readWithin(
  response: Response,
  limits: ImageLimits,
  signal: AbortSignal,
): Promise<Blob> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  const reader = response.body?.getReader();
  while (reader) {
    // The app's own response does not end when the call does.
    const { done, value } = await untilAborted(reader.read(), signal);
    if (done) break;
    chunks.push(value);
    bytes += value.byteLength;
    if (bytes > limits.maxBytes) {
      abandon(reader);
      assertByteLength(bytes, limits);
    }
  }
  return new Blob(chunks);
}

/**
 * Ends a body without waiting for that: where the app has the other half of it, as of a response that was cloned, the promise
 * settles only when the app has ended its half too.
 */
function abandon(body: Pick<ReadableStream, "cancel"> | null): void {
  body?.cancel().catch(() => undefined);
}
