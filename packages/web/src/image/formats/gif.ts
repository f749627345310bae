import { ByteReader } from "./byte-reader.ts";
import { malformedImage } from "../image-errors.ts";
import type { ImageHeader } from "./image-header.ts";

const HEADER_BYTES = 13;
const EXTENSION = 0x21;
const IMAGE_DESCRIPTOR = 0x2c;

/**
 * Reads the size of the screen, enlarged to the first frame: decoders allocate for both, and a
 * 32 × 32 screen may hold a frame of 65535 × 10537.
 */
export function readGifHeader(bytes: Uint8Array): ImageHeader {
  const reader = new ByteReader(bytes, "gif");
  const screenWidth = reader.u16le(6);
  const screenHeight = reader.u16le(8);
  const frame = findFirstFrame(reader);
  return {
    kind: "gif",
    width: Math.max(screenWidth, reader.u16le(frame + 1) + reader.u16le(frame + 5)),
    height: Math.max(screenHeight, reader.u16le(frame + 3) + reader.u16le(frame + 7)),
    segments: 0,
    scans: 0,
  };
}

/** Skips the colour table and any extensions; every step advances by at least one byte. */
function findFirstFrame(reader: ByteReader): number {
  let offset = HEADER_BYTES + colourTableBytes(reader.u8(10));
  while (reader.u8(offset) === EXTENSION) {
    offset += 2; // introducer and label
    let blockBytes: number;
    do {
      blockBytes = reader.u8(offset);
      offset += 1 + blockBytes;
    } while (blockBytes > 0);
  }
  if (reader.u8(offset) !== IMAGE_DESCRIPTOR) throw malformedImage("gif", "has no image in it");
  return offset;
}

function colourTableBytes(flags: number): number {
  return flags & 0x80 ? 3 * 2 ** ((flags & 0x07) + 1) : 0;
}
