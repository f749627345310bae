/** Whatever a page has as a picture becomes something that crosses to the worker. */

import { VlmError } from "../protocol/errors.ts";
import type { WireImage } from "../wire/api.ts";

/**
 * What the kit takes as a picture. A `string` is an address, fetched with CORS and without cookies;
 * a video gives the frame that it shows. The caller's object stays usable.
 */
export type ImageSource =
  | Blob
  | ImageBitmap
  | ImageData
  | HTMLImageElement
  | HTMLCanvasElement
  | OffscreenCanvas
  | HTMLVideoElement
  | string;

/**
 * Snapshots `source` as it is now.
 *
 * @throws {VlmError} `image-unreadable` when the page may not read it, or it has no picture yet
 * @throws {TypeError} when it is no picture at all
 */
export async function toWireImage(source: ImageSource): Promise<WireImage> {
  if (typeof source === "string") return { kind: "url", url: toAbsoluteUrl(source) };
  if (source instanceof Blob) return { kind: "blob", blob: source, id: nameOf(source) };
  if (source instanceof ImageData) return { kind: "pixels", pixels: source };
  if (source instanceof HTMLImageElement) await loaded(source);
  if (isDrawable(source)) return { kind: "bitmap", bitmap: await snapshot(source) };
  const given: unknown = source;
  throw new TypeError(
    "Expected `image` to be a Blob, ImageBitmap, ImageData, image, canvas or video element, or an address, got " +
      `\`${Object.prototype.toString.call(given)}\``,
  );
}

const names = new WeakMap<Blob, string>();
let named = 0;

/** Blobs never change, so the worker need not look twice at the same one. */
function nameOf(blob: Blob): string {
  const name = names.get(blob) ?? newName();
  names.set(blob, name);
  return name;
}

/** A name that no other picture of this page has. */
export function newName(): string {
  return String(named++);
}

type Drawable = Exclude<ImageSource, Blob | ImageData | string>;

function isDrawable(source: unknown): source is Drawable {
  return (
    source instanceof ImageBitmap ||
    source instanceof HTMLImageElement ||
    source instanceof HTMLCanvasElement ||
    source instanceof HTMLVideoElement ||
    (typeof OffscreenCanvas !== "undefined" && source instanceof OffscreenCanvas)
  );
}

async function loaded(image: HTMLImageElement): Promise<void> {
  try {
    await image.decode();
  } catch (cause) {
    throw notReady(
      "The image element has not loaded a picture. Set its `src` and wait for `load`.",
      cause,
    );
  }
}

/** A copy: the caller's picture may change or close while the worker reads. */
async function snapshot(source: Drawable): Promise<ImageBitmap> {
  if (
    source instanceof HTMLVideoElement &&
    source.readyState < HTMLMediaElement.HAVE_CURRENT_DATA
  ) {
    throw notReady("The video has no frame yet. Wait for `loadeddata`.");
  }
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(source);
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "SecurityError") throw crossOrigin(cause);
    throw notReady("The picture is empty or closed. Give it a size and content first.", cause);
  }
  if (!isReadable(bitmap)) {
    bitmap.close();
    throw crossOrigin();
  }
  return bitmap;
}

/** A picture from another origin without CORS may be shown, never read: the platform's rule, found out on one pixel. */
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

function toAbsoluteUrl(address: string): string {
  try {
    return new URL(address, document.baseURI).href;
  } catch {
    throw new TypeError(
      `Expected \`image\` to be an address when it is a string, got \`${address.slice(0, 80)}\``,
    );
  }
}

function notReady(message: string, cause?: unknown): VlmError<"image-unreadable"> {
  return new VlmError("image-unreadable", message, { reason: "not-ready" }, { cause });
}

function crossOrigin(cause?: unknown): VlmError<"image-unreadable"> {
  return new VlmError(
    "image-unreadable",
    "The picture comes from another origin that does not let this page read it. Serve it with CORS headers and " +
      'set `crossorigin="anonymous"`.',
    { reason: "cross-origin" },
    { cause },
  );
}
