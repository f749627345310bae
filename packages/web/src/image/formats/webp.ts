import { ByteReader } from "./byte-reader.ts";
import { readExifOrientation, readTiffOrientation, swapsSides } from "./exif.ts";
import { malformedImage } from "../image-errors.ts";
import type { ImageHeader } from "./image-header.ts";
import { fitsIn, showSize, type Size } from "./size.ts";

const FIRST_CHUNK = 12; // past the RIFF header
const CHUNK_HEADER_BYTES = 8;
const FRAME_HEADER_BYTES = 16; // of an animation's frame, before the chunks in it
const VP8_START_CODE = 0x2a_019d;
const VP8L_SIGNATURE = 0x2f;
const SIDE_MASK = 0x3fff; // sides have 14 bits in VP8 and VP8L

export interface WebpChunk {
  readonly name: string;
  /** Offset of its first byte after name and length. */
  readonly start: number;
  /** Offset past its last byte, without padding. It is past the end of a file that is cut short. */
  readonly end: number;
}

/** Reads the size of a lossy, lossless or extended (alpha, animation, metadata) WebP. */
export function readWebpHeader(bytes: Uint8Array): ImageHeader {
  const reader = new ByteReader(bytes, "webp");
  const first = { name: reader.fourCharacters(FIRST_CHUNK), start: 20 };
  const isExtended = first.name === "VP8X";
  const size = isExtended ? readCanvas(reader, first.start) : readFrame(reader, first);
  if (!size) throw malformedImage("webp", "does not begin with an image");
  const image = findImage(reader);
  const orientation = isExtended ? readOrientation(reader, bytes) : 1;
  return {
    kind: "webp",
    width: swapsSides(orientation) ? size.height : size.width,
    height: swapsSides(orientation) ? size.width : size.height,
    segments: 0,
    scans: 0,
    ...(image && image.end > reader.length && { isTruncated: true }),
    ...(orientation > 1 && { orientation }),
  };
}

/**
 * The canvas. The first frame has to fit it: decoders say so too, and differ in whether they look
 * before or after they have made room for the frame.
 */
function readCanvas(reader: ByteReader, start: number): Size {
  const canvas = { width: reader.u24le(start + 4) + 1, height: reader.u24le(start + 7) + 1 };
  const image = findImage(reader);
  if (image?.name === "ANMF") assertAnimationFrame(reader, image.start, canvas);
  else if (image) assertFrameFits(readFrame(reader, image), canvas);
  return canvas;
}

/** The chunk with the image, or with the first frame of an animation. */
function findImage(reader: ByteReader): WebpChunk | undefined {
  for (const chunk of webpChunks(reader)) if (isImage(chunk)) return chunk;
  return undefined;
}

function isImage(chunk: WebpChunk): boolean {
  return chunk.name === "ANMF" || isFrame(chunk);
}

/** The orientation in the EXIF block, which stands after the image; 1 where there is none. */
function readOrientation(reader: ByteReader, bytes: Uint8Array): number {
  for (const { name, start, end } of webpChunks(reader)) {
    if (name !== "EXIF") continue;
    // Some writers put JPEG's identifier before the block.
    return readExifOrientation(bytes, start, end) ?? readTiffOrientation(bytes, start, end);
  }
  return 1;
}

/** A frame of an animation: a place on the canvas, and chunks with the image for it. */
function assertAnimationFrame(reader: ByteReader, start: number, canvas: Size): void {
  const left = 2 * reader.u24le(start);
  const top = 2 * reader.u24le(start + 3);
  const place = { width: reader.u24le(start + 6) + 1, height: reader.u24le(start + 9) + 1 };
  assertFrameFits({ width: left + place.width, height: top + place.height }, canvas);
  for (const chunk of webpChunks(reader, start + FRAME_HEADER_BYTES)) {
    if (!isFrame(chunk)) continue;
    assertFrameFits(readFrame(reader, chunk), place);
    break;
  }
}

function assertFrameFits(frame: Size | undefined, place: Size): void {
  if (!frame || fitsIn(frame, place)) return; // what is no frame is the decoder's business
  throw malformedImage(
    "webp",
    `has a place of ${showSize(place)} pixels for a frame of ${showSize(frame)}`,
  );
}

function isFrame({ name }: WebpChunk): boolean {
  return name === "VP8 " || name === "VP8L";
}

/** Undefined where the chunk holds no image. */
function readFrame(
  reader: ByteReader,
  { name, start }: Pick<WebpChunk, "name" | "start">,
): Size | undefined {
  if (name === "VP8 " && reader.u24le(start + 3) === VP8_START_CODE) {
    return {
      width: reader.u16le(start + 6) & SIDE_MASK,
      height: reader.u16le(start + 8) & SIDE_MASK,
    };
  }
  if (name === "VP8L" && reader.u8(start) === VP8L_SIGNATURE) {
    const sides = reader.u32le(start + 1);
    return { width: (sides & SIDE_MASK) + 1, height: ((sides >>> 14) & SIDE_MASK) + 1 };
  }
  return undefined;
}

/** Chunks side by side, each padded to an even length, up to the end of the file. */
export function* webpChunks(reader: ByteReader, from = FIRST_CHUNK): Generator<WebpChunk> {
  let offset = from;
  while (offset + CHUNK_HEADER_BYTES <= reader.length) {
    const start = offset + CHUNK_HEADER_BYTES;
    const length = reader.u32le(offset + 4);
    yield { name: reader.fourCharacters(offset), start, end: start + length };
    offset = start + length + (length & 1);
  }
}
