/**
 * Makes of an image what a node gets: a new JPEG of its pixels, no larger than the node needs. Nothing of the image's own file
 * is in it, so that place, time, camera, comments and bytes after the image's end stay on the device.
 */

import { BROWSER_DECODER } from "../decode/browser-decoder.ts";
import { decodeImage, readImage } from "../decode/decode-image.ts";
import type { ImageLimits } from "../image/limits.ts";
import type { ImageInfo } from "../protocol/result.ts";
import type { ImageView, WireImage } from "../wire/worker-api.ts";
import { toSentArea, type SentArea } from "./sent-size.ts";

/** An image that is ready to be sent. */
export interface SentImage {
  /** A `data:` address. */
  readonly url: string;
  readonly bytes: number;
  readonly info: ImageInfo;
}

/** Turns images into what is sent. Tests in Node, which has no canvas, bring their own. */
export type EncodeImage = (
  image: WireImage,
  view: Pick<ImageView, "fit" | "detail">,
  maxSide: number,
  signal: AbortSignal,
) => Promise<SentImage>;

/** Chromium's default is 0.92. Text on photos stays readable at this one. */
const QUALITY = 0.85;

/** @throws {VlmError} `image-too-large`, `image-unsupported`, `image-unreadable`; the signal's reason */
export function createEncodeImage(limits: ImageLimits): EncodeImage {
  return async (image, view, maxSide, signal) => {
    const content = await readImage(await ownCopy(image), limits, signal);
    const { pixels, fullSize, isTruncated } = await decodeImage(
      content,
      BROWSER_DECODER,
      limits,
      signal,
    );
    const { data, width, height } = pixels;
    const bitmap = await createImageBitmap(
      new ImageData(new Uint8ClampedArray(data), width, height),
    );
    try {
      const area = toSentArea({ width, height }, view, maxSide);
      const blob = await drawn(bitmap, area).convertToBlob({
        type: "image/jpeg",
        quality: QUALITY,
      });
      signal.throwIfAborted();
      const size = Math.max(area.sentWidth, area.sentHeight);
      const natural = fullSize ?? { width, height };
      const info = { ...natural, size, tokens: 0, ...(isTruncated && { truncated: isTruncated }) };
      return { url: await toDataAddress(blob), bytes: blob.size, info };
    } finally {
      bitmap.close();
    }
  };
}

/** Reading a bitmap closes it, and the device or another node may need it later. */
async function ownCopy(image: WireImage): Promise<WireImage> {
  if (image.kind !== "bitmap") return image;
  return { ...image, bitmap: await createImageBitmap(image.bitmap) };
}

/** JPEG has no transparency; as on the device, what shows through is white. */
function drawn(
  bitmap: ImageBitmap,
  { left, top, width, height, sentWidth, sentHeight }: SentArea,
): OffscreenCanvas {
  const canvas = new OffscreenCanvas(sentWidth, sentHeight);
  const context = canvas.getContext("2d", { alpha: false });
  if (!context) throw new Error("No 2d context");
  context.fillStyle = "white";
  context.fillRect(0, 0, sentWidth, sentHeight);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, left, top, width, height, 0, 0, sentWidth, sentHeight);
  return canvas;
}

/** A call may have some ten thousand arguments, so that long files go in parts. */
const PART_BYTES = 8192;

async function toDataAddress(blob: Blob): Promise<string> {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let text = "";
  for (let start = 0; start < bytes.length; start += PART_BYTES) {
    text += String.fromCharCode(...bytes.subarray(start, start + PART_BYTES));
  }
  return `data:image/jpeg;base64,${btoa(text)}`;
}
