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
  const end = findFrameEnd(reader, frame);
  return {
    kind: "gif",
    width: Math.max(screenWidth, reader.u16le(frame + 1) + reader.u16le(frame + 5)),
    height: Math.max(screenHeight, reader.u16le(frame + 3) + reader.u16le(frame + 7)),
    segments: 0,
    scans: 0,
    end,
    ...(end > reader.length && { isTruncated: true }),
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

/** The offset past the frame's last block, or past the end of a file that is cut short. */
function findFrameEnd(reader: ByteReader, frame: number): number {
  const flags = frame + 9;
  if (flags >= reader.length) return reader.length + 1;
  let offset = flags + 1 + colourTableBytes(reader.u8(flags)) + 1; // past the size of codes
  while (offset < reader.length) {
    const blockBytes = reader.u8(offset);
    offset += 1 + blockBytes;
    if (blockBytes === 0) return offset;
  }
  return reader.length + 1;
}

function colourTableBytes(flags: number): number {
  return flags & 0x80 ? 3 * 2 ** ((flags & 0x07) + 1) : 0;
}
