import type { Size } from "./size.ts";

/** The kinds of image that the kit reads. Browsers differ in whether they decode `jxl`. */
export type ImageKind = "png" | "jpeg" | "webp" | "gif" | "avif" | "bmp" | "ico" | "jxl";

/** What an image says about itself before anything is decoded. */
export interface ImageHeader {
  readonly kind: ImageKind;
  /** Pixels, as shown: sides are swapped where the file asks to be turned by a quarter. */
  readonly width: number;
  /** Pixels, as shown. */
  readonly height: number;
  /**
   * What the decoder makes before it cuts the image out of it, where that is larger: a grid of tiles, a frame of JPEG XL.
   */
  readonly decoded?: Size;
  /** JPEG segments or PNG chunks in the whole file; 0 for other kinds. */
  readonly segments: number;
  /** JPEG scans in the whole file, or the frames that make a JPEG XL image; 0 for other kinds. */
  readonly scans: number;
  /** Whether the file ends after its image data has begun and before it is complete. */
  readonly isTruncated?: true;
  /** How a WebP asks to be turned, 2 to 8 as in EXIF. Browsers do not turn this kind themselves. */
  readonly orientation?: number;
  /** How many bytes a decoder keeps for each pixel, besides the four of what it returns: the planes of an AVIF. */
  readonly planeBytes?: number;
  /** How many numbers a decoder keeps of a JPEG of several scans until it has read the last one. */
  readonly coefficients?: number;
  /** Where the first image ends in the file, where the reader knows it. What comes after is not shown. */
  readonly end?: number;
}
