/**
 * ICO: a directory of images of several sizes, each of them a PNG file or a BMP without its file header. Browsers show the
 * largest. The directory has its own sizes, which decoders do not keep to, so every image is looked at.
 */

import { ByteReader } from "./byte-reader.ts";
import { malformedImage } from "../image-errors.ts";
import type { ImageHeader } from "./image-header.ts";
import { readPngHeader } from "./png.ts";
import { cover, isSame, type Size } from "./size.ts";

const DIRECTORY_BYTES = 6;
const ENTRY_BYTES = 16;
const PNG_START = 0x89_50_4e_47;
const BMP_HEADER_BYTES = 40;
const COMPRESSION_AT = 16;
const BIT_FIELDS = 3; // the largest number of a compression whose pixels are in the BMP itself

/** Real files have about ten images. */
const MAX_ENTRIES = 256;

/** Reads the size of the largest image. */
export function readIcoHeader(bytes: Uint8Array): ImageHeader {
  const reader = new ByteReader(bytes, "ico");
  const count = reader.u16le(4);
  if (count > MAX_ENTRIES) throw malformedImage("ico", "has too many images");
  let largest: Size | undefined;
  let decoded: Size | undefined;
  let segments = 0;
  for (let index = 0; index < count; index += 1) {
    const entry = DIRECTORY_BYTES + index * ENTRY_BYTES;
    const image = readEntry(reader, bytes, entry);
    segments = Math.max(segments, image.segments);
    const declared = { width: reader.u8(entry) || 256, height: reader.u8(entry + 1) || 256 };
    // Browsers choose by the directory, and decode what is there.
    for (const size of [declared, image]) decoded = decoded ? cover(decoded, size) : size;
    if (!largest || areaOf(image) > areaOf(largest)) largest = image;
  }
  if (!largest || !decoded) throw malformedImage("ico", "has no images");
  const { width, height } = largest;
  return {
    kind: "ico",
    width,
    height,
    ...(!isSame(decoded, largest) && { decoded }),
    segments,
    scans: 0,
  };
}

function readEntry(
  reader: ByteReader,
  bytes: Uint8Array,
  entry: number,
): Size & { readonly segments: number } {
  const length = reader.u32le(entry + 8);
  const start = reader.u32le(entry + 12);
  if (reader.u32be(start) === PNG_START) {
    return readPngHeader(bytes.subarray(start, start + length));
  }
  if (reader.u32le(start) !== BMP_HEADER_BYTES) {
    throw malformedImage("ico", "has an image that is neither PNG nor BMP");
  }
  if (reader.u32le(start + COMPRESSION_AT) > BIT_FIELDS) {
    throw malformedImage("ico", "has a BMP that holds another file");
  }
  // The height counts the mask, which stands under the colours.
  const height = Math.floor(Math.abs(reader.i32le(start + 8)) / 2);
  const width = Math.abs(reader.i32le(start + 4));
  return { width, height, segments: 0 };
}

function areaOf({ width, height }: Size): number {
  return width * height;
}
