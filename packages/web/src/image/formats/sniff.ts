import { VlmError } from "../../protocol/errors.ts";
import { readAvifHeader } from "./avif.ts";
import { readBmpHeader } from "./bmp.ts";
import { readGifHeader } from "./gif.ts";
import { readIcoHeader } from "./ico.ts";
import { malformedImage } from "../image-errors.ts";
import type { ImageHeader, ImageKind } from "./image-header.ts";
import { readJpegHeader } from "./jpeg.ts";
import { readJxlHeader } from "./jxl.ts";
import { identifyKind } from "./kinds.ts";
import { readPngHeader } from "./png.ts";
import { readWebpHeader } from "./webp.ts";

export type { ImageHeader } from "./image-header.ts";

const READERS: Readonly<Record<ImageKind, (bytes: Uint8Array) => ImageHeader>> = {
  png: readPngHeader,
  jpeg: readJpegHeader,
  webp: readWebpHeader,
  gif: readGifHeader,
  avif: readAvifHeader,
  bmp: readBmpHeader,
  ico: readIcoHeader,
  jxl: readJxlHeader,
};

/**
 * Reads an image's kind and size without decoding it, so that an image too large to decode is
 * refused before memory is spent on it.
 *
 * The kind comes from the bytes alone; file names and MIME types lie. Takes time linear in the
 * file's length. A header is no promise that the rest of the file decodes.
 *
 * @param bytes The whole file.
 * @throws {VlmError} `image-unsupported` when the bytes are something else; `details.kind` names
 *   it where it is known, and is `unknown` otherwise.
 * @throws {VlmError} `image-unreadable` when the file is empty, cut short or contradicts its format.
 */
export function readImageHeader(bytes: Uint8Array): ImageHeader {
  if (bytes.length === 0) {
    throw new VlmError(
      "image-unreadable",
      "The image is empty. Check that its file was read to the end.",
      { reason: "empty" },
    );
  }
  const kind = identifyKind(bytes);
  if (!isSupported(kind)) {
    throw new VlmError(
      "image-unsupported",
      `${kind === "unknown" ? "The file is no image that the kit knows" : `The file is of kind "${kind}"`}. Convert it to PNG, JPEG, WebP, GIF, AVIF, BMP or ICO, or pass a decoder for it in \`decoders\` of \`createVlm\`.`,
      { kind },
    );
  }
  const header = READERS[kind](bytes);
  if (header.width === 0 || header.height === 0) {
    throw malformedImage(kind, "has a side of zero pixels");
  }
  return header;
}

function isSupported(kind: string): kind is ImageKind {
  return Object.hasOwn(READERS, kind);
}
