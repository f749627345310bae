import { ByteReader } from "./byte-reader.ts";
import { malformedImage } from "../image-errors.ts";
import type { ImageHeader } from "./image-header.ts";

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const CHUNK_OVERHEAD_BYTES = 12; // length, name, checksum
const MAX_U31 = 0x7fff_ffff; // the format's own limit for a side

/** Bit depths that the format allows, by colour type. */
const BIT_DEPTHS: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};

/** Reads size and chunk count. Checksums and everything after IHDR are the decoder's business. */
export function readPngHeader(bytes: Uint8Array): ImageHeader {
  const reader = new ByteReader(bytes, "png");
  // A signature with changed line ends is the classic mark of a text-mode transfer.
  if (SIGNATURE.some((byte, index) => reader.u8(index) !== byte)) {
    throw malformedImage("png", "has a damaged signature");
  }
  if (reader.u32be(8) !== 13 || reader.fourCharacters(12) !== "IHDR") {
    throw malformedImage("png", "does not begin with its header");
  }
  const width = reader.u32be(16);
  const height = reader.u32be(20);
  const bitDepth = reader.u8(24);
  const colourType = reader.u8(25);
  if (width > MAX_U31 || height > MAX_U31) throw malformedImage("png", "has an impossible size");
  if (!BIT_DEPTHS[colourType]?.includes(bitDepth)) {
    throw malformedImage("png", `has no colour type ${colourType} with ${bitDepth} bits`);
  }
  return { kind: "png", width, height, segments: countChunks(reader), scans: 0 };
}

/** Every step advances by at least 12 bytes; a chunk that runs past the end is the last one. */
function countChunks(reader: ByteReader): number {
  let count = 0;
  let offset = SIGNATURE.length;
  while (offset + CHUNK_OVERHEAD_BYTES <= reader.length) {
    count += 1;
    if (reader.fourCharacters(offset + 4) === "IEND") break;
    offset += CHUNK_OVERHEAD_BYTES + reader.u32be(offset);
  }
  return count;
}
