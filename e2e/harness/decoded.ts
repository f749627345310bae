/** Compares what the kit decodes with what the page shows in an `<img>`. */

import type { DecodedImage } from "../../packages/web/src/decode/decode-file.ts";
// Not part of the published packages: how errors cross from a worker.
import { fromWireError, type WireError } from "../../packages/web/src/protocol/errors.ts";

type Reply = { readonly decoded: DecodedImage } | { readonly error: WireError };

let worker: Worker | undefined;

/** Decodes a file as the kit's worker does, in a worker. One at a time. */
async function decode(blob: Blob): Promise<DecodedImage> {
  worker ??= new Worker(new URL("./decode.worker.ts", import.meta.url), { type: "module" });
  const decoder = worker;
  const reply = await new Promise<Reply>((resolve) => {
    decoder.onmessage = ({ data }: MessageEvent<Reply>) => {
      resolve(data);
    };
    decoder.postMessage(blob);
  });
  if ("error" in reply) throw fromWireError(reply.error);
  return reply.decoded;
}

/** What the kit decoded, and how far it is from what an `<img>` shows. */
export interface Comparison {
  readonly width: number;
  readonly height: number;
  readonly isTruncated: boolean;
  /** The mean difference of a colour on white, 0 to 255; undefined if the `<img>` has another size or shows nothing. */
  readonly difference: number | undefined;
}

/** @throws {VlmError} what the kit throws for the file */
export async function compareWithImg(blob: Blob): Promise<Comparison> {
  const { pixels, fullSize, isTruncated = false } = await decode(blob);
  const { width, height } = fullSize ?? pixels;
  const shown = await readShown(blob);
  const kit = onWhite(pixels);
  const isComparable = shown?.width === pixels.width && shown.height === pixels.height;
  return {
    width,
    height,
    isTruncated,
    difference: isComparable ? meanDifference(kit.data, shown.data) : undefined,
  };
}

/** The pixels of an `<img>` on white; undefined if it shows nothing. */
async function readShown(blob: Blob): Promise<ImageData | undefined> {
  const image = new Image();
  image.src = URL.createObjectURL(blob);
  const hasLoaded = await new Promise<boolean>((resolve) => {
    image.onload = () => {
      resolve(true);
    };
    image.onerror = () => {
      resolve(false);
    };
  });
  URL.revokeObjectURL(image.src);
  return hasLoaded ? draw(image, image.naturalWidth, image.naturalHeight) : undefined;
}

function onWhite({ data, width, height }: DecodedImage["pixels"]): ImageData {
  const canvas = new OffscreenCanvas(width, height);
  canvas
    .getContext("2d")!
    .putImageData(new ImageData(new Uint8ClampedArray(data), width, height), 0, 0);
  return draw(canvas, width, height);
}

function draw(image: CanvasImageSource, width: number, height: number): ImageData {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, width, height);
}

function meanDifference(one: Uint8ClampedArray, other: Uint8ClampedArray): number {
  let sum = 0;
  for (const [at, value] of one.entries()) sum += Math.abs(value - other[at]!);
  return sum / ((one.length * 3) / 4); // Alpha is the same everywhere.
}
