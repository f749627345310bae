/** Reads images at `blob:` addresses. */

import { VlmError } from "../protocol/errors.ts";
import { shownAddress } from "../schema/local-address.ts";
import { untilAborted } from "../shared/abortable-wait.ts";

/**
 * Opens what the address names. It starts at once, because the caller may revoke the address as soon as it has the
 * promise. A policy without `connect-src blob:` forbids fetching the address; an image element may still show it.
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

/** The error for an address that cannot be read. A policy and a revoked address look the same from here. */
function unreadable(url: string): VlmError<"image-fetch-failed"> {
  return new VlmError(
    "image-fetch-failed",
    "The image's `blob:` address cannot be read: it was revoked, is no image, or the page's Content-Security-Policy forbids it. " +
      "Pass the Blob itself.",
    { url: shownAddress(url) },
  );
}
