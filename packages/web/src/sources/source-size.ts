/** Measures an image of the page without copying it. */

import type { Size } from "../image/formats/size.ts";

/** Every kind of object in a page that can be drawn. */
export type Drawable =
  | ImageBitmap
  | HTMLImageElement
  | HTMLCanvasElement
  | OffscreenCanvas
  | HTMLVideoElement
  | VideoFrame;

export function isDrawable(source: unknown): source is Drawable {
  return (
    source instanceof ImageBitmap ||
    source instanceof HTMLImageElement ||
    source instanceof HTMLCanvasElement ||
    source instanceof HTMLVideoElement ||
    (typeof OffscreenCanvas !== "undefined" && source instanceof OffscreenCanvas) ||
    isVideoFrame(source)
  );
}

/** The size in pixels of the image itself, not of its place on the page. Both sides are 0 while it has no pixels. */
export function sizeOf(source: Drawable): Size {
  if (source instanceof HTMLImageElement) {
    return { width: source.naturalWidth, height: source.naturalHeight };
  }
  if (source instanceof HTMLVideoElement) {
    return { width: source.videoWidth, height: source.videoHeight };
  }
  if (isVideoFrame(source)) {
    return { width: source.displayWidth, height: source.displayHeight };
  }
  return { width: source.width, height: source.height };
}

function isVideoFrame(source: unknown): source is VideoFrame {
  return typeof VideoFrame !== "undefined" && source instanceof VideoFrame;
}
