/** Waits for image elements. */

import { VlmError } from "../protocol/errors.ts";
import { untilAborted, waitFor } from "../shared/abortable-wait.ts";

/**
 * Waits until the element has loaded its image. One that waits until it is near the screen (`loading="lazy"`) loads at once,
 * and stays lazy for later images.
 *
 * @throws {VlmError} `image-unreadable` when it has no image; the signal's reason as soon as it aborts
 */
export async function loadElement(image: HTMLImageElement, signal: AbortSignal): Promise<void> {
  const { loading } = image;
  if (!image.complete && loading === "lazy") image.loading = "eager";
  try {
    await untilComplete(image, signal);
  } finally {
    if (image.loading !== loading) image.loading = loading;
  }
  if (image.naturalWidth === 0 || image.naturalHeight === 0) throw await whyEmpty(image, signal);
}

async function untilComplete(image: HTMLImageElement, signal: AbortSignal): Promise<void> {
  while (!image.complete) {
    await waitFor(signal, (resume) => {
      image.addEventListener("load", resume);
      image.addEventListener("error", resume);
      return () => {
        image.removeEventListener("load", resume);
        image.removeEventListener("error", resume);
      };
    });
  }
}

/** An element without pixels has no address yet, could not load its image, or shows an image that has no size. */
async function whyEmpty(
  image: HTMLImageElement,
  signal: AbortSignal,
): Promise<VlmError<"image-unreadable">> {
  if (image.currentSrc === "" && image.getAttribute("src") === null) {
    return new VlmError(
      "image-unreadable",
      "The image element has no image. Set its `src` and wait for `load`.",
      { reason: "not-ready" },
    );
  }
  try {
    await untilAborted(image.decode(), signal);
  } catch (cause) {
    signal.throwIfAborted();
    return new VlmError(
      "image-unreadable",
      "The image element could not load its image: the address did not answer, or the file is damaged or no image. Check its `src`.",
      { reason: "decode-failed" },
      { cause },
    );
  }
  return new VlmError(
    "image-unreadable",
    "The image element shows an image of zero pixels. Give the SVG a width and a height above 0.",
    { reason: "empty" },
  );
}
