/** Decoders that an app brings for formats that the kit does not read. */

import type { ImageLimits } from "../image/limits.ts";
import type { ImageSource } from "./image-source.ts";

/** What a decoder may return. A Blob has to be of a format that the kit reads. */
export type DecodedImage = Exclude<ImageSource, string | ArrayBuffer | Uint8Array>;

/**
 * Decodes one file. It runs in the page, and its time counts for the call's `timeoutMs`. The kit copies what it returns,
 * and holds it to `imageLimits`. If it throws, the call rejects with `image-unreadable`, whose `cause` is what it threw.
 *
 * @param blob the file, not longer than `imageLimits.maxBytes`
 * @param options `signal` aborts when the call does; `limits` are those of the client. A decoder should refuse an
 *   image over these limits before it takes memory for the pixels
 */
export type ImageDecoder = (
  blob: Blob,
  options: { readonly signal: AbortSignal; readonly limits: ImageLimits },
) => DecodedImage | Promise<DecodedImage>;

/**
 * An app's decoders by MIME type, such as `image/heic`, `image/tiff` or `image/svg+xml`. The first bytes of a file decide
 * which type it is; the type that the Blob claims counts only for formats that the kit does not recognise.
 */
export type ImageDecoders = Readonly<Record<string, ImageDecoder>>;
