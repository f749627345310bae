/**
 * JPEG XL: a bare stream, or boxes with the stream in `jxlc` or in parts in `jxlp`. The stream begins with the size. Its
 * frames may be larger, so their headers are read too.
 */

import { ByteReader } from "./byte-reader.ts";
import { swapsSides } from "./exif.ts";
import { malformedImage, truncatedImage } from "../image-errors.ts";
import type { ImageHeader } from "./image-header.ts";
import { topIsoBoxes } from "./iso-boxes.ts";
import { JxlBits } from "./jxl/bits.ts";
import { readJxlFrames } from "./jxl/frames.ts";
import { readJxlImage } from "./jxl/image-header.ts";
import { fitsIn, type Size } from "./size.ts";

const STREAM_START = 0xff_0a;
const STREAM_START_BITS = 16;
const PART_NUMBER_BYTES = 4;

/** Reads size and orientation, and how large the frames are. */
export function readJxlHeader(bytes: Uint8Array): ImageHeader {
  const stream = findStream(new ByteReader(bytes, "jxl"));
  if (stream.length < 2 || stream[0] !== STREAM_START >> 8 || stream[1] !== (STREAM_START & 0xff)) {
    throw malformedImage("jxl", "does not begin with its stream");
  }
  const bits = new JxlBits(stream);
  bits.skip(STREAM_START_BITS);
  const image = readJxlImage(bits);
  const { decoded, count } = readJxlFrames(bits, image, stream.length);
  const upright = (size: Size): Size =>
    swapsSides(image.orientation) ? { width: size.height, height: size.width } : size;
  const { width, height } = image;
  return {
    kind: "jxl",
    ...upright({ width, height }),
    ...(!fitsIn(decoded, image) && { decoded: upright(decoded) }),
    segments: 0,
    scans: count,
  };
}

function findStream(reader: ByteReader): Uint8Array {
  if (reader.u16be(0) === STREAM_START) return reader.slice(0, reader.length);
  const parts: Uint8Array[] = [];
  for (const { type, start, end } of topIsoBoxes(reader, "jxl")) {
    if (type === "jxlc") return reader.slice(start, end);
    if (type === "jxlp") parts.push(reader.slice(start + PART_NUMBER_BYTES, end));
  }
  if (parts.length === 0) throw truncatedImage("jxl");
  return parts.length === 1 ? parts[0]! : join(parts);
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}
