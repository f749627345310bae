/** The types that the kit accepts as an image. */

/**
 * What the kit accepts as an image. A `string` is an address: the kit fetches it with CORS and without cookies; a
 * `data:` or `blob:` address is read without the network. Of a video the kit takes the frame that it shows. If an image
 * element is still loading, the kit waits for it. The kit copies what it needs, so your object stays usable.
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
