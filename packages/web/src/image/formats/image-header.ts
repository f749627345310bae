import type { Size } from "./size.ts";

/** The kinds of image that the kit reads. Each one's MIME type is `image/<kind>`. */
export type ImageKind = "png" | "jpeg" | "webp" | "gif" | "avif" | "bmp";

/** What an image says about itself before anything is decoded. */
export interface ImageHeader {
  readonly kind: ImageKind;
  /** Pixels, as shown: sides are swapped where the file asks to be turned by a quarter. */
  readonly width: number;
  /** Pixels, as shown. */
  readonly height: number;
  /**
   * What the decoder makes before it cuts the image out of it, where that is larger: a grid of tiles.
   */
  readonly decoded?: Size;
  /** JPEG segments or PNG chunks in the whole file; 0 for other kinds. */
  readonly segments: number;
  /** JPEG scans in the whole file; 0 for other kinds. */
  readonly scans: number;
}
