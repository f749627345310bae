/**
 * What of an image's file goes to the decoder: only what the first image in it needs. Decoders read all frames of an
 * animation before they show the first one, and the time of some grows with the square of their number: Chromium 156 takes
 * 9 s for a WebP of 50,000 frames (2.5 MB), and minutes for 200,000.
 */

import { firstAvifFrame } from "./avif-first-frame.ts";
import { ByteReader } from "./formats/byte-reader.ts";
import type { ImageHeader } from "./formats/image-header.ts";
import { pngChunks, PNG_SIGNATURE_BYTES } from "./formats/png.ts";
import { webpChunks } from "./formats/webp.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/**
 * The file in parts, for a `Blob`; the parts are views of `bytes` and a few bytes more.
 *
 * @param bytes the whole file, whose header was read
 */
export function toDecodablePart(bytes: Bytes, header: ImageHeader): Bytes[] {
  switch (header.kind) {
    case "webp":
      return firstWebpFrame(bytes);
    case "png":
      return firstPngFrame(bytes);
    case "gif":
      return [bytes.subarray(0, header.end), GIF_END];
    case "avif":
      return firstAvifFrame(bytes);
    case "jpeg":
      return [bytes.subarray(0, header.end), JPEG_END];
    default:
      return [bytes];
  }
}

/** Ends the image where the file does not. After a complete image they change nothing. */
const GIF_END = Uint8Array.of(0x3b);
const JPEG_END = Uint8Array.of(0xff, 0xd9);
const PNG_END = Uint8Array.of(0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82);

/**
 * An animation's own chunks. Where the picture for programs that know no animations is also its first frame, the file
 * without these chunks is that picture.
 */
const PNG_ANIMATION = new Set(["acTL", "fcTL", "fdAT"]);

function firstPngFrame(bytes: Bytes): Bytes[] {
  const chunks = [...pngChunks(new ByteReader(bytes, "png"))];
  const data = chunks.findIndex(({ name }) => name === "IDAT");
  const control = chunks.findIndex(({ name }) => name === "fcTL");
  if (control > data) return [bytes]; // The picture is no part of the animation.
  const shown = chunks.filter(({ name }) => !PNG_ANIMATION.has(name) && name !== "IEND");
  return [
    bytes.subarray(0, PNG_SIGNATURE_BYTES),
    ...shown.map(({ start, end }) => bytes.subarray(start, end)),
    PNG_END,
  ];
}

const RIFF_HEADER_BYTES = 12;
const WEBP_HEAD = new Set(["VP8X", "ICCP", "ANIM", "ALPH"]);
const WEBP_IMAGE = new Set(["VP8 ", "VP8L", "ANMF"]);
/** Flags of `VP8X` for chunks that are left out. */
const EXIF_AND_XMP = 0x08 | 0x04;

function firstWebpFrame(bytes: Bytes): Bytes[] {
  const parts: Bytes[] = [];
  for (const { name, start, end } of webpChunks(new ByteReader(bytes, "webp"))) {
    const isImage = WEBP_IMAGE.has(name);
    if (!isImage && !WEBP_HEAD.has(name)) continue;
    const chunk = bytes.slice(start - 8, end + ((end - start) & 1));
    if (name === "VP8X") chunk[8]! &= ~EXIF_AND_XMP;
    parts.push(chunk);
    if (isImage) break;
  }
  const length = parts.reduce((sum, part) => sum + part.length, 4);
  const head = bytes.slice(0, RIFF_HEADER_BYTES);
  new DataView(head.buffer).setUint32(4, length, true);
  return [head, ...parts];
}
