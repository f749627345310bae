/** What an app may give as an image. */

/**
 * What the kit takes as an image. A `string` is an address, fetched with CORS and without cookies, or a
 * `data:` or `blob:` address, read without the network; a video gives the frame that it shows; an image
 * element that is still loading is waited for. The caller's object stays usable.
 */
export type ImageSource =
  | Blob
  | ImageBitmap
  | ImageData
  | HTMLImageElement
  | HTMLCanvasElement
  | OffscreenCanvas
  | HTMLVideoElement
  | VideoFrame
  | string;
