/**
 * JPEG XL: a bare stream, or boxes with the stream in `jxlc` or in parts in `jxlp`. The stream begins with the size, in
 * bits from the least significant one on.
 */

import { ByteReader } from "./byte-reader.ts";
import { swapsSides } from "./exif.ts";
import { malformedImage, truncatedImage } from "../image-errors.ts";
import type { ImageHeader } from "./image-header.ts";
import { topIsoBoxes } from "./iso-boxes.ts";
import type { Size } from "./size.ts";

const STREAM_START = 0xff_0a;
const PART_NUMBER_BYTES = 4;

/** Width to height, by the number in the file; 0 means that the width is given. */
const RATIOS = [undefined, 1, 12 / 10, 4 / 3, 3 / 2, 16 / 9, 5 / 4, 2] as const;

/** Reads size and orientation. */
export function readJxlHeader(bytes: Uint8Array): ImageHeader {
  const reader = new ByteReader(bytes, "jxl");
  const stream = findStream(reader);
  if (stream.length < 2 || stream[0] !== STREAM_START >> 8 || stream[1] !== (STREAM_START & 0xff)) {
    throw malformedImage("jxl", "does not begin with its stream");
  }
  const read = bitsOf(stream.subarray(2));
  const { width, height } = readSize(read);
  const orientation = readOrientation(read);
  return {
    kind: "jxl",
    width: swapsSides(orientation) ? height : width,
    height: swapsSides(orientation) ? width : height,
    segments: 0,
    scans: 0,
  };
}

function findStream(reader: ByteReader): Uint8Array {
  if (reader.u16be(0) === STREAM_START) return reader.slice(0, reader.length);
  for (const { type, start, end } of topIsoBoxes(reader, "jxl")) {
    if (type === "jxlc") return reader.slice(start, end);
    if (type === "jxlp") return reader.slice(start + PART_NUMBER_BYTES, end);
  }
  throw truncatedImage("jxl");
}

type ReadBits = (count: number) => number;

function bitsOf(bytes: Uint8Array): ReadBits {
  let position = 0;
  return (count) => {
    let value = 0;
    for (let bit = 0; bit < count; bit += 1) {
      const byte = bytes[position >>> 3];
      if (byte === undefined) throw truncatedImage("jxl");
      value += ((byte >>> (position & 7)) & 1) * 2 ** bit;
      position += 1;
    }
    return value;
  };
}

function readSize(read: ReadBits): Size {
  const isSmall = read(1) === 1;
  const readSide = (): number => (isSmall ? (read(5) + 1) * 8 : 1 + read(sideBits(read(2))));
  const height = readSide();
  const ratio = RATIOS[read(3)];
  return { height, width: ratio === undefined ? readSide() : Math.floor(height * ratio) };
}

function sideBits(choice: number): number {
  return [9, 13, 18, 30][choice]!;
}

/** 1 to 8, as in EXIF. */
function readOrientation(read: ReadBits): number {
  const isAllDefault = read(1) === 1;
  if (isAllDefault) return 1;
  const hasMore = read(1) === 1;
  return hasMore ? read(3) + 1 : 1;
}
