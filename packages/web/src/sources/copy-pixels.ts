/** Copies what a page draws, because the app may change, close or transfer it while the kit waits. */

import { chooseCopiedSize } from "../image/choose-decoded-size.ts";
import { fitsIn, isSame, type Size } from "../image/formats/size.ts";
import { VlmError } from "../protocol/errors.ts";
import { untilAborted } from "../shared/abortable-wait.ts";
import type { WireImage } from "../wire/worker-api.ts";
import { assertHasPixels } from "./assert-has-pixels.ts";
import { isImageElement, isVideoElement, type Drawable } from "./kinds.ts";
import { loadElement } from "./load-element.ts";
import { reducedSize } from "./reduced-size.ts";
import type { SnapshotOptions } from "./snapshot-options.ts";
import { sizeOf } from "./source-size.ts";
import { unreadableByPage } from "./unreadable-by-page.ts";

/**
 * Copies something that can be drawn, at the size that the encoder needs. One that is too large to be copied is refused before.
 *
 * @throws {VlmError} `image-unreadable`, `image-too-large`; the signal's reason as soon as it aborts
 */
export async function copyDrawable(
  source: Drawable,
  { limits, seen, signal }: SnapshotOptions,
): Promise<WireImage> {
  if (isImageElement(source)) await loadElement(source, signal);
  const natural = sizeOf(source);
  const most = hasPixels(natural) ? chooseCopiedSize(natural, limits) : undefined;
  assertReady(source, natural);
  const isUnsized = isImageElement(source) && mayBeUnsized(natural);
  const size = isUnsized ? natural : smaller(reducedSize(natural, seen), most);
  let copy = await copied(source, natural, size, signal).catch((cause: unknown) => {
    if (signal.aborted) throw cause;
    if (!isImageElement(source) || isSecurityError(cause)) throw copyFailed(source, cause);
  });
  // Most browsers refuse to copy an SVG without a size of its own. Firefox copies 300 × 150 pixels of it.
  if (!copy || (isUnsized && !isSame(copy, natural))) {
    copy?.close();
    copy = drawnElement(source as HTMLImageElement, natural, seen.side);
  }
  if (!isReadable(copy)) {
    copy.close();
    throw unreadableByPage(source);
  }
  return { kind: "bitmap", bitmap: copy, natural };
}

/**
 * Copies pixels. Bytes of sRGB go as they are. For all others the browser converts the numbers: those of a wider
 * colour space, and floats.
 *
 * @throws {VlmError} `image-unreadable`, `image-too-large`; the signal's reason as soon as it aborts
 */
export async function copyImageData(
  pixels: ImageData,
  { limits, seen, signal }: SnapshotOptions,
): Promise<WireImage> {
  const natural = sizeOfPixels(pixels);
  const most = chooseCopiedSize(natural, limits);
  assertHasPixels(pixels);
  const size = smaller(reducedSize(natural, seen), most);
  if (isSame(size, natural) && isPlain(pixels)) {
    const { data, width, height } = pixels;
    return { kind: "pixels", pixels: new ImageData(new Uint8ClampedArray(data), width, height) };
  }
  const bitmap = await copied(pixels, natural, size, signal, { premultiplyAlpha: "none" });
  return { kind: "bitmap", bitmap, natural };
}

/** What the encoder needs, or what the limits leave of the image. */
function smaller(needed: Size, most: Size | undefined): Size {
  return most && !fitsIn(needed, most) ? most : needed;
}

function sizeOfPixels({ width, height }: ImageData): Size {
  return { width, height };
}

/** Whether the numbers are bytes of sRGB. Older browsers know no other numbers, and have no `colorSpace`. */
function isPlain({ data, colorSpace }: ImageData): boolean {
  const space = colorSpace as PredefinedColorSpace | undefined;
  return data.BYTES_PER_ELEMENT === 1 && (space ?? "srgb") === "srgb";
}

async function copied(
  source: Drawable | ImageData,
  natural: Size,
  size: Size,
  signal: AbortSignal,
  options: ImageBitmapOptions = {},
): Promise<ImageBitmap> {
  const resize: ImageBitmapOptions = isSame(size, natural)
    ? {}
    : { resizeWidth: size.width, resizeHeight: size.height, resizeQuality: "medium" };
  const copying = createImageBitmap(source, { ...options, ...resize });
  return untilAborted(copying, signal).catch((cause: unknown) => {
    // A copy that arrives after all is freed at once.
    if (signal.aborted) copying.then(closeBitmap, () => undefined);
    throw cause;
  });
}

/** Whether it may be an SVG without a size of its own: browsers make it 300 pixels wide, or 150 high. */
function mayBeUnsized({ width, height }: Size): boolean {
  return (width === 300 || height === 150) && Math.max(width, height) <= 1000;
}

/**
 * Draws an SVG that has no size of its own, which browsers do not copy whole. Any size is right for it, so that it gets
 * the side that the encoder sees.
 *
 * @param natural the browser's default, in which only the ratio of the sides means something
 */
function drawnElement(source: HTMLImageElement, natural: Size, side: number): ImageBitmap {
  const scale = Math.max(1, side / Math.max(natural.width, natural.height));
  const width = Math.ceil(natural.width * scale);
  const height = Math.ceil(natural.height * scale);
  const canvas = new OffscreenCanvas(width, height);
  try {
    canvas.getContext("2d")?.drawImage(source, 0, 0, width, height);
    return canvas.transferToImageBitmap();
  } catch (cause) {
    throw copyFailed(source, cause);
  }
}

function closeBitmap(bitmap: ImageBitmap): void {
  bitmap.close();
}

function hasPixels({ width, height }: Size): boolean {
  return width > 0 && height > 0;
}

function assertReady(source: Drawable, size: Size): void {
  if (isVideoElement(source) && source.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) {
    throw notReady("The video has no frame yet. Wait for `loadeddata`.");
  }
  if (hasPixels(size)) return;
  throw notReady("The image is empty or closed. Give it a size and content first.");
}

function copyFailed(source: Drawable, cause: unknown): VlmError<"image-unreadable"> {
  if (isSecurityError(cause)) return unreadableByPage(source, cause);
  return notReady("The image could not be copied. It may be empty, closed or in use.", cause);
}

function isSecurityError(cause: unknown): boolean {
  return cause instanceof DOMException && cause.name === "SecurityError";
}

/** Tries to read one pixel. The platform lets a page show images that it does not let the page read. */
function isReadable(bitmap: ImageBitmap): boolean {
  const context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  if (!context) return true;
  context.drawImage(bitmap, 0, 0, 1, 1, 0, 0, 1, 1);
  try {
    context.getImageData(0, 0, 1, 1);
    return true;
  } catch {
    return false;
  }
}

function notReady(message: string, cause?: unknown): VlmError<"image-unreadable"> {
  return new VlmError("image-unreadable", message, { reason: "not-ready" }, { cause });
}
