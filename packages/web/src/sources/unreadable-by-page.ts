import { VlmError } from "../protocol/errors.ts";
import { isImageElement, type Drawable } from "./kinds.ts";

/** The error for an image that the browser shows and does not let the page read. */
export function unreadableByPage(source: Drawable, cause?: unknown): VlmError<"image-unreadable"> {
  if (isImageElement(source) && isOwn(source.currentSrc)) {
    return new VlmError(
      "image-unreadable",
      "The browser does not let the page read this image. An SVG with HTML in it (`foreignObject`) can only be shown: " +
        "draw it without HTML, or pass it as PNG. An address that leads to another origin needs CORS headers.",
      { reason: "show-only" },
      { cause },
    );
  }
  return new VlmError(
    "image-unreadable",
    "The image, or something that was drawn into it, comes from another origin that does not let this page read it. " +
      'Serve it with CORS headers and set `crossorigin="anonymous"`.',
    { reason: "cross-origin" },
    { cause },
  );
}

/** Whether the address is of this page's own origin. A redirect from there does not show. */
function isOwn(address: string): boolean {
  if (!URL.canParse(address, document.baseURI)) return false;
  const { protocol, origin } = new URL(address, document.baseURI);
  return protocol === "data:" || protocol === "blob:" || origin === location.origin;
}
