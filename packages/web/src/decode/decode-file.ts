/** Decodes an image's file to pixels, turned upright, and no larger than the limits allow. */

import { chooseDecodedSize } from "../image/choose-decoded-size.ts";
import { assertDecodedSize } from "../image/decoded-size.ts";
import { isSame, type Size } from "../image/formats/size.ts";
import { readImageHeader } from "../image/formats/sniff.ts";
import type { ImageLimits } from "../image/limits.ts";
import { createDecodeDeadline } from "./decode-deadline.ts";
import type { FileDecoder, Pixels } from "./file-decoder.ts";
import type { Bytes } from "../protocol/arrays.ts";

/** An image's pixels, and what has to be said of them. */
export interface DecodedImage {
  readonly pixels: Pixels;
  /** The size in the file, where the pixels are fewer. */
  readonly fullSize?: Size;
  /** Present if the file ends before its image does, so that a part of the pixels is missing. */
  readonly isTruncated?: true;
}

const deadline = createDecodeDeadline();

/**
 * @param onStart called when the decoder begins, after earlier ones
 * @throws {VlmError} `image-unsupported`, `image-too-large`, `image-unreadable`
 */
export async function decodeFile(
  bytes: Bytes,
  decoder: FileDecoder,
  limits: ImageLimits,
  signal: AbortSignal,
  onStart: () => void = () => undefined,
): Promise<DecodedImage> {
  const header = readImageHeader(bytes);
  const canReduce = await decoder.canReduce(header.kind);
  const size = chooseDecodedSize(header, bytes.byteLength, limits, canReduce);
  const frame = await deadline.run(
    () => {
      onStart();
      return decoder.open(bytes, header, size);
    },
    (late) => {
      late.close();
    },
    limits,
    signal,
  );
  try {
    assertDecodedSize(frame, header, limits);
    const pixels = frame.readPixels();
    const isReduced = size !== undefined && !isSame(pixels, header);
    return {
      pixels,
      ...(isReduced && { fullSize: { width: header.width, height: header.height } }),
      ...(frame.isTruncated && { isTruncated: true }),
    };
  } finally {
    frame.close();
  }
}
