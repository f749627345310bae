/** Measures an image of the page without copying it. */

import type { Size } from "../image/formats/size.ts";
import { isImageElement, isVideoElement, isVideoFrame, type Drawable } from "./kinds.ts";

/** The size in pixels of the image itself, not of its place on the page. Both sides are 0 while it has no pixels. */
export function sizeOf(source: Drawable): Size {
  if (isImageElement(source)) return { width: source.naturalWidth, height: source.naturalHeight };
  if (isVideoElement(source)) return { width: source.videoWidth, height: source.videoHeight };
  if (isVideoFrame(source)) return { width: source.displayWidth, height: source.displayHeight };
  return { width: source.width, height: source.height };
}
