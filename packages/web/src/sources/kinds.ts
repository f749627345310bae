/**
 * Says what an object of the page is. `instanceof` would refuse objects of another window, such as a Blob that an iframe
 * made, and would take a plain object with the right prototype. A getter of the platform does neither: it works on
 * every real object of its kind, and throws for anything else.
 */

/** Every kind of object in a page that can be drawn. */
export type Drawable =
  | ImageBitmap
  | HTMLImageElement
  | HTMLCanvasElement
  | OffscreenCanvas
  | HTMLVideoElement
  | VideoFrame;

const isOffscreenCanvas = kindWith<OffscreenCanvas>("OffscreenCanvas", "width");
const isBitmap = kindWith<ImageBitmap>("ImageBitmap", "width");
const isArrayBuffer = kindWith<ArrayBuffer>("ArrayBuffer", "byteLength");

export const isBlob = kindWith<Blob>("Blob", "size");
export const isImageData = kindWith<ImageData>("ImageData", "width");
export const isImageElement = kindWith<HTMLImageElement>("HTMLImageElement", "naturalWidth");
export const isVideoElement = kindWith<HTMLVideoElement>("HTMLVideoElement", "videoWidth");
export const isVideoFrame = kindWith<VideoFrame>("VideoFrame", "displayWidth");

const isCanvasElement = kindWith<HTMLCanvasElement>("HTMLCanvasElement", "width");

export function isCanvas(value: unknown): value is HTMLCanvasElement | OffscreenCanvas {
  return isCanvasElement(value) || isOffscreenCanvas(value);
}

/** Whether it is an object that can be drawn. */
export function isDrawable(value: unknown): value is Drawable {
  return (
    isBitmap(value) ||
    isImageElement(value) ||
    isCanvas(value) ||
    isVideoElement(value) ||
    isVideoFrame(value)
  );
}

/** Whether it holds bytes, as a file that was read does. */
export function isBytes(value: unknown): value is ArrayBuffer | ArrayBufferView<ArrayBuffer> {
  return isArrayBuffer(value) || ArrayBuffer.isView(value);
}

/**
 * @param className a class of the platform; where the browser lacks it, nothing is of this kind
 * @param property one that only objects of this class have
 */
function kindWith<T>(className: string, property: string): (value: unknown) => value is T {
  return (value): value is T => {
    const found = (globalThis as Readonly<Record<string, unknown>>)[className];
    if (typeof value !== "object" || value === null || typeof found !== "function") return false;
    const getter = Object.getOwnPropertyDescriptor(found.prototype as object, property)?.get;
    try {
      getter?.call(value);
    } catch {
      return false; // "Illegal invocation": it is something else.
    }
    return getter !== undefined;
  };
}
