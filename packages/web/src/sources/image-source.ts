/** Turns every kind of image in a page into one that can cross to the worker. */

import type { ImageSource } from "../api/image-source.ts";
import { assertSides, type ImageLimits } from "../image/limits.ts";
import { VlmError } from "../protocol/errors.ts";
import { isBlobAddress } from "../schema/local-address.ts";
import type { WireImage } from "../wire/worker-api.ts";
import { assertHasPixels } from "./assert-has-pixels.ts";
import { openBlobAddress } from "./blob-address.ts";
import { isDrawable, sizeOf, type Drawable } from "./source-size.ts";
import { untilAborted, waitFor } from "../shared/abortable-wait.ts";

export interface SnapshotOptions {
  readonly limits: ImageLimits;
  readonly signal: AbortSignal;
}

/**
 * Takes a snapshot of `source` as it is now. An image that is too large is refused before it is copied.
 *
 * @throws {VlmError} `image-unreadable` when the page may not read it, or it has no image yet;
 *   `image-too-large`; the signal's reason as soon as it aborts
 * @throws {TypeError} when `source` is no image at all
 */
export async function toWireImage(
  source: ImageSource,
  { limits, signal }: SnapshotOptions,
): Promise<WireImage> {
  signal.throwIfAborted();
  if (typeof source === "string") {
    const url = toAbsoluteUrl(source);
    if (!isBlobAddress(url)) return { kind: "url", url };
    return toWireImage(await openBlobAddress(url, signal), { limits, signal });
  }
  if (source instanceof Blob) return { kind: "blob", blob: source, id: nameOfBlob(source) };
  if (source instanceof ImageData) {
    assertSides(source, limits);
    assertHasPixels(source);
    return { kind: "pixels", pixels: source };
  }
  if (isDrawable(source)) {
    if (source instanceof HTMLImageElement) await loaded(source, signal);
    assertSize(source, limits);
    return { kind: "bitmap", bitmap: await snapshot(source, signal) };
  }
  const given: unknown = source;
  throw new TypeError(
    "Expected `image` to be a Blob, ImageBitmap, ImageData, image, canvas or video element, VideoFrame, or an " +
      `address, got \`${Object.prototype.toString.call(given)}\``,
  );
}

const names = new WeakMap<Blob, string>();
let named = 0;

/** The name of a Blob. A Blob never changes, so the worker need not read the same one twice. */
function nameOfBlob(blob: Blob): string {
  const name = names.get(blob) ?? newImageName();
  names.set(blob, name);
  return name;
}

/** Returns a name that no other image of this page has. */
export function newImageName(): string {
  return String(named++);
}

/** Waits for an image element. If it is not shown, loading may never end, and only the signal ends the wait. */
async function loaded(image: HTMLImageElement, signal: AbortSignal): Promise<void> {
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

/** @throws {VlmError} `image-too-large` */
function assertSize(source: Drawable, limits: ImageLimits): void {
  const size = sizeOf(source);
  // A source without pixels passes here; copying it fails later with the right error.
  if (size.width > 0 && size.height > 0) assertSides(size, limits);
}

/** Copies the image, because the caller may change or close it while the worker reads. */
async function snapshot(source: Drawable, signal: AbortSignal): Promise<ImageBitmap> {
  await assertReady(source, signal);
  const copying = createImageBitmap(source);
  let bitmap: ImageBitmap;
  try {
    bitmap = await untilAborted(copying, signal);
  } catch (cause) {
    if (signal.aborted) {
      copying.then(
        (late) => {
          late.close();
        },
        () => undefined,
      );
      throw cause;
    }
    if (cause instanceof DOMException && cause.name === "SecurityError") throw crossOrigin(cause);
    throw notReady("The image is empty or closed. Give it a size and content first.", cause);
  }
  if (!isReadable(bitmap)) {
    bitmap.close();
    throw crossOrigin();
  }
  return bitmap;
}

async function assertReady(source: Drawable, signal: AbortSignal): Promise<void> {
  if (source instanceof HTMLImageElement) {
    try {
      await untilAborted(source.decode(), signal);
    } catch (cause) {
      if (signal.aborted) throw cause;
      throw notReady(
        "The image element has not loaded an image. Set its `src` and wait for `load`.",
        cause,
      );
    }
  }
  if (
    source instanceof HTMLVideoElement &&
    source.readyState < HTMLMediaElement.HAVE_CURRENT_DATA
  ) {
    throw notReady("The video has no frame yet. Wait for `loadeddata`.");
  }
}

/** Tries to read one pixel. The platform lets a page show an image of another origin without CORS, but not read it. */
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
  if (address === "") {
    throw new TypeError("Expected `image` to be an address when it is a string, got an empty one");
  }
  let url: URL;
  try {
    url = new URL(address, document.baseURI);
  } catch {
    throw new TypeError(
      `Expected \`image\` to be an address when it is a string, got \`${address.slice(0, 80)}\``,
    );
  }
  // Browsers do not fetch addresses with a password, and the error would contain the password.
  if (url.username !== "" || url.password !== "") {
    throw new TypeError(
      "Expected `image` to be an address without a user name and password. Fetch the image yourself and pass the Blob",
    );
  }
  return url.href;
}

function notReady(message: string, cause?: unknown): VlmError<"image-unreadable"> {
  return new VlmError("image-unreadable", message, { reason: "not-ready" }, { cause });
}

function crossOrigin(cause?: unknown): VlmError<"image-unreadable"> {
  return new VlmError(
    "image-unreadable",
    "The image comes from another origin that does not let this page read it. Serve it with CORS headers and " +
      'set `crossorigin="anonymous"`.',
    { reason: "cross-origin" },
    { cause },
  );
}
