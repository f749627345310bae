/** The types that the kit accepts as an image. */

/**
 * What the kit accepts as an image. Bytes are those of a file. A `string` or `URL` is an address: the page fetches it with CORS and
 * without cookies; a `data:` or `blob:` address is read without the network. Of a video the kit takes the frame that it
 * shows. If an image element is still loading, the kit waits for it; one with `loading="lazy"` begins to load. The body of a `Response` must not have been read. The kit copies what it needs, so your object stays
 * usable. Objects of another window of the same origin, such as an iframe's, are accepted too.
 *
 * Elements, bitmaps and pixels that are much larger than the encoder sees are copied smaller, so that many calls with
 * large images take little memory.
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
  | ArrayBuffer
  | Uint8Array
  | Response
  | URL
  | string;
