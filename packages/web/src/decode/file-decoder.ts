/**
 * The seam to what decodes an image's file. In a browser that is the browser itself (`browser-decoder.ts`); elsewhere, whoever
 * starts the host brings a decoder. Header and limits are checked before it is asked, and its frame is checked after.
 */

import type { ImageHeader, ImageKind } from "../image/formats/image-header.ts";
import type { Size } from "../image/formats/size.ts";
import type { Bytes } from "../protocol/arrays.ts";

/** Pixels as RGBA, not premultiplied, turned upright. */
export interface Pixels {
  readonly data: Uint8ClampedArray; // [height, width, 4]
  readonly width: number;
  readonly height: number;
}

/** The first image of a file, decoded. Whoever has it closes it. */
export interface DecodedFrame extends Size {
  /** Whether a part of the pixels is missing, because the file is damaged or ends too early. */
  readonly isTruncated: boolean;
  readPixels(): Pixels;
  close(): void;
}

export interface FileDecoder {
  /** Whether a large JPEG can become smaller while it is decoded, without the memory for all of its pixels. */
  canReduce(kind: ImageKind): Promise<boolean>;
  /**
   * Decodes the first image of a file, in sRGB.
   *
   * @param size what it is reduced to; undefined leaves it as it is
   * @throws {VlmError} `image-unreadable`; `image-unsupported` where it decodes no file of this kind
   */
  open(bytes: Bytes, header: ImageHeader, size: Size | undefined): Promise<DecodedFrame>;
}
