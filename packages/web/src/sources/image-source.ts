/** Turns every kind of image in a page into one that can cross to the worker. */

import type { ImageSource } from "../api/image-source.ts";
import type { WireImage } from "../wire/worker-api.ts";
import { randomName } from "../shared/random-name.ts";
import { copyDrawable, copyImageData } from "./copy-pixels.ts";
import { decodeWithApp } from "./decode-with-app.ts";
import { openAddress } from "./from-address.ts";
import { fileOfElement } from "./file-of-element.ts";
import { readResponse } from "./fetch-image.ts";
import {
  isArrayBuffer,
  isBlob,
  isBytes,
  isDrawable,
  isImageData,
  isImageElement,
  isResponse,
  isUrl,
} from "./kinds.ts";
import type { SnapshotOptions } from "./snapshot-options.ts";

/**
 * Takes a snapshot of `source` as it is now. An image that is too large is refused before it is copied.
 *
 * @throws {VlmError} `image-unreadable` when the page may not read it, or it has no image yet; `image-too-large`,
 *   `image-fetch-failed`, `network-forbidden`; the signal's reason as soon as it aborts
 * @throws {TypeError} when `source` is no image at all
 */
export async function toWireImage(
  source: ImageSource,
  options: SnapshotOptions,
): Promise<WireImage> {
  options.signal.throwIfAborted();
  if (isAddress(source)) {
    const found = await openAddress(String(source), options);
    return "dataAddress" in found
      ? { kind: "data", url: found.dataAddress }
      : toWireImage(found, options);
  }
  if (isBlob(source)) return fromBlob(source, options);
  if (isResponse(source)) {
    return fromBlob(await readResponse(source, options.limits, options.signal), options);
  }
  if (isImageData(source)) return copyImageData(source, options);
  const file = isImageElement(source) ? await fileOfElement(source, options) : undefined;
  if (file !== undefined) return toWireImage(file, options);
  if (isDrawable(source)) return copyDrawable(source, options);
  if (isBytes(source)) return fromBlob(new Blob([ownBytes(source)]), options);
  throw notAnImage(source);
}

/** Returns the images of an earlier call, if each of these was one and cannot have changed since. */
export function recogniseImages(sources: readonly ImageSource[]): WireImage[] | undefined {
  const known: WireImage[] = [];
  for (const source of sources) {
    const id = isBlob(source) ? names.get(source) : undefined;
    if (!isBlob(source) || id === undefined) return undefined;
    known.push({ kind: "blob", blob: source, id });
  }
  return known;
}

/** Whether it costs requests, or work of an app's decoder, to take one of these images. They stay as they are until then. */
export function isCostly(
  sources: readonly ImageSource[],
  { decoders }: Pick<SnapshotOptions, "decoders">,
): boolean {
  const hasDecoders = Object.keys(decoders).length > 0;
  return sources.some(
    (source) => isAddress(source) || isResponse(source) || (hasDecoders && isBlob(source)),
  );
}

function isAddress(source: ImageSource): source is string | URL {
  return typeof source === "string" || isUrl(source);
}

/** A Blob takes no bytes of memory that threads share. */
function ownBytes(
  bytes: ArrayBuffer | ArrayBufferView,
): ArrayBuffer | ArrayBufferView<ArrayBuffer> {
  if (!ArrayBuffer.isView(bytes)) return bytes;
  const { buffer, byteOffset, byteLength } = bytes;
  const view = new Uint8Array(buffer, byteOffset, byteLength);
  return isArrayBuffer(buffer) ? new Uint8Array(buffer, byteOffset, byteLength) : view.slice();
}

/** An app's own decoder comes first. What it returns is not decoded by it again. */
async function fromBlob(blob: Blob, options: SnapshotOptions): Promise<WireImage> {
  const id = nameOfBlob(blob);
  const decoded = await decodeWithApp(blob, options);
  if (decoded === undefined) return { kind: "blob", blob, id };
  return { ...(await toWireImage(decoded, { ...options, decoders: {} })), id };
}

const names = new WeakMap<Blob, string>();

/** Tabs that share a worker have different ones, so that their images have different names. */
const thisPage = randomName();
let named = 0;

/** The name of a Blob. A Blob never changes, so the worker need not read the same one twice. */
function nameOfBlob(blob: Blob): string {
  const name = names.get(blob) ?? newImageName();
  names.set(blob, name);
  return name;
}

/** Returns a name that no other image has, of this page or of another. */
export function newImageName(): string {
  return `${thisPage}-${String(named++)}`;
}

function notAnImage(given: unknown): TypeError {
  const advice = Array.isArray(given)
    ? "Pass one image here; `generate` takes several"
    : given === undefined || given === null
      ? "Check that the image was chosen, or has loaded, before the call"
      : "Convert it to one of these first";
  return new TypeError(
    "Expected `image` to be a Blob, ImageBitmap, ImageData, image, canvas or video element, VideoFrame, Response, the bytes of a " +
      `file, or an address, got \`${Object.prototype.toString.call(given)}\`. ${advice}`,
  );
}
