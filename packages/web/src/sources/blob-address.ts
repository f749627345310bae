/** Images that a page names by a `blob:` address. */

import { VlmError } from "../protocol/errors.ts";
import { untilAborted } from "../shared/abortable-wait.ts";

/**
 * What the address names, now: it may be revoked as soon as the caller has its promise. A policy without
 * `connect-src blob:` forbids to fetch it; then an image element may still show it.
 *
 * @throws {VlmError} `image-fetch-failed`; the signal's reason when it aborts
 */
export async function openBlobAddress(
  url: string,
  signal: AbortSignal,
): Promise<Blob | HTMLImageElement> {
  const response = await fetch(url, { signal }).catch(() => undefined);
  signal.throwIfAborted();
  if (response) return response.blob();
  const image = new Image();
  const loading = new Promise<void>((resolve, reject) => {
    image.onload = () => {
      resolve();
    };
    image.onerror = () => {
      reject(unreadable(url));
    };
  });
  image.src = url;
  await untilAborted(loading, signal);
  return image;
}

/** `fetch` and image elements say the same of a policy and of an address that was revoked. */
function unreadable(url: string): VlmError<"image-fetch-failed"> {
  return new VlmError(
    "image-fetch-failed",
    "The picture's `blob:` address cannot be read: it was revoked, is no picture, or the page's Content-Security-Policy forbids it. " +
      "Pass the Blob itself.",
    { url },
  );
}
