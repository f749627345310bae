/**
 * The browser's `ImageDecoder`, for what `createImageBitmap` cannot do: show the beginning of a file that is cut short, and
 * make a large JPEG smaller while decoding it, without the memory for all of its pixels. Chromium and Firefox have it.
 */

import type { ImageKind } from "../image/formats/image-header.ts";
import type { Size } from "../image/formats/size.ts";

/** One decoded image; whoever has it closes it. */
export type Frame = ImageBitmap | VideoFrame;

type Bytes = Uint8Array<ArrayBuffer>;

/** How long to wait for the first pixels of a file that is cut short. There may be none, and then nothing comes. */
const PART_WITHIN_MS = 1000;

export async function canDecodeInPart(kind: ImageKind): Promise<boolean> {
  return typeof ImageDecoder === "function" && ImageDecoder.isTypeSupported(typeOf(kind));
}

/**
 * Decodes what there is of the first image, as an `<img>` does while its file is arriving.
 *
 * @param bytes the beginning of a file
 * @returns undefined if there are no pixels, or the browser cannot do this
 */
export async function decodePart(bytes: Bytes, kind: ImageKind): Promise<Frame | undefined> {
  if (!(await canDecodeInPart(kind))) return undefined;
  // As long as the stream is open, the decoder takes the file for one that is still arriving.
  let end: (() => void) | undefined;
  const data = new ReadableStream<Bytes>({
    start(controller) {
      controller.enqueue(bytes.slice()); // A stream may take the buffer with it.
      end = () => {
        controller.close();
      };
    },
  });
  const timer = setTimeout(() => end?.(), PART_WITHIN_MS);
  const decoder = new ImageDecoder({ data, type: typeOf(kind) });
  try {
    return (await decoder.decode({ frameIndex: 0, completeFramesOnly: false })).image;
  } catch (error) {
    if (isDecoderFault(error)) return undefined;
    throw error;
  } finally {
    clearTimeout(timer);
    decoder.close();
  }
}

/**
 * Decodes to about `size`, which the decoder takes for the most that it may be.
 *
 * @returns undefined if the browser cannot do this
 */
export async function decodeReduced(
  parts: readonly Bytes[],
  kind: ImageKind,
  { width, height }: Size,
): Promise<Frame | undefined> {
  if (!(await canDecodeInPart(kind))) return undefined;
  const data = await new Blob([...parts]).arrayBuffer();
  const decoder = new ImageDecoder({
    data,
    type: typeOf(kind),
    desiredWidth: width,
    desiredHeight: height,
  });
  try {
    return (await decoder.decode({ frameIndex: 0 })).image;
  } catch (error) {
    if (isDecoderFault(error)) return undefined;
    throw error;
  } finally {
    decoder.close();
  }
}

/** Whether the decoder says that it cannot decode this file. */
function isDecoderFault(error: unknown): boolean {
  return error instanceof DOMException || error instanceof RangeError;
}

function typeOf(kind: ImageKind): string {
  return `image/${kind}`;
}
