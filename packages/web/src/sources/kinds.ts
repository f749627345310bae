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

/** What the page may be given. */
interface Classes {
  readonly ArrayBuffer: ArrayBuffer;
  readonly Blob: Blob;
  readonly HTMLCanvasElement: HTMLCanvasElement;
  readonly HTMLImageElement: HTMLImageElement;
  readonly HTMLVideoElement: HTMLVideoElement;
  readonly ImageBitmap: ImageBitmap;
  readonly ImageData: ImageData;
  readonly OffscreenCanvas: OffscreenCanvas;
  readonly Response: Response;
  readonly URL: URL;
  readonly VideoFrame: VideoFrame;
}

export const isBlob = kindOf("Blob", "size");
export const isImageData = kindOf("ImageData", "width");
export const isImageElement = kindOf("HTMLImageElement", "naturalWidth");
export const isResponse = kindOf("Response", "status");
export const isUrl = kindOf("URL", "href");
export const isVideoElement = kindOf("HTMLVideoElement", "videoWidth");
export const isVideoFrame = kindOf("VideoFrame", "displayWidth");

export const isArrayBuffer = kindOf("ArrayBuffer", "byteLength");
const isBitmap = kindOf("ImageBitmap", "width");
const isCanvasElement = kindOf("HTMLCanvasElement", "width");
const isOffscreenCanvas = kindOf("OffscreenCanvas", "width");

function isCanvas(value: unknown): value is HTMLCanvasElement | OffscreenCanvas {
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
export function isBytes(value: unknown): value is ArrayBuffer | ArrayBufferView {
  return isArrayBuffer(value) || ArrayBuffer.isView(value);
}

/** Where the browser lacks the class, nothing is of this kind. */
function kindOf<Name extends keyof Classes>(
  name: Name,
  property: keyof Classes[Name] & string,
): (value: unknown) => value is Classes[Name] {
  return (value): value is Classes[Name] => {
    const { prototype } = ((globalThis as Record<string, unknown>)[name] ?? {}) as {
      readonly prototype?: object;
    };
    if (typeof value !== "object" || value === null || !prototype) return false;
    try {
      Reflect.get(prototype, property, value); // calls the getter on `value`
      return true;
    } catch {
      return false; // "Illegal invocation": it is something else.
    }
  };
}
