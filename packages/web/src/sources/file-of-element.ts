/** Finds the file of a large image element again, because a file can be reduced while it is decoded. */

import { identifyKind } from "../image/formats/kinds.ts";
import { VlmError } from "../protocol/errors.ts";
import { untilAborted } from "../shared/abortable-wait.ts";
import { openAddress } from "./from-address.ts";
import { isBlob } from "./kinds.ts";
import { loadElement } from "./load-element.ts";
import type { SnapshotOptions } from "./snapshot-options.ts";

const HEAD_BYTES = 1024;

/** What a browser can show and the kit has no reader for, and what a server sends in place of an image. */
const DRAWN_ONLY: ReadonlySet<string> = new Set(["svg", "html", "xml", "unknown"]);

/**
 * The file, or the `data:` address, that a loaded element shows, if the image has more than `maxPixels`. It is then treated
 * as the file itself would be.
 *
 * @returns undefined for all others, and if the page cannot read the file; then the element is drawn
 * @throws {VlmError} what loading the element throws; `image-too-large` for a file of too many bytes; the signal's reason
 */
export async function fileOfElement(
  image: HTMLImageElement,
  options: SnapshotOptions,
): Promise<Blob | string | undefined> {
  const { limits, signal } = options;
  await loadElement(image, signal);
  const pixels = image.naturalWidth * image.naturalHeight;
  if (pixels <= limits.maxPixels || limits.maxReducedPixels <= limits.maxPixels) return undefined;
  try {
    const found = await openAddress(image.currentSrc, options);
    if ("dataAddress" in found) return isDrawing(image.currentSrc) ? undefined : found.dataAddress;
    return isBlob(found) && !(await isDrawnOnly(found, signal)) ? found : undefined;
  } catch (error) {
    signal.throwIfAborted();
    if (VlmError.is(error, "image-fetch-failed") || VlmError.is(error, "network-forbidden")) {
      return undefined;
    }
    throw error;
  }
}

function isDrawing(dataAddress: string): boolean {
  return /^data:image\/svg/i.test(dataAddress);
}

async function isDrawnOnly(file: Blob, signal: AbortSignal): Promise<boolean> {
  const head = await untilAborted(file.slice(0, HEAD_BYTES).arrayBuffer(), signal);
  return DRAWN_ONLY.has(identifyKind(new Uint8Array(head)));
}
