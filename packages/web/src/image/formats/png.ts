import { ByteReader } from "./byte-reader.ts";
import { malformedImage } from "../image-errors.ts";
import type { ImageHeader } from "./image-header.ts";

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** How many bytes stand before the first chunk. */
export const PNG_SIGNATURE_BYTES = SIGNATURE.length;
const CHUNK_OVERHEAD_BYTES = 12; // length, name, checksum
const CHECKSUM_BYTES = 4;
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
  const { count, isComplete, dataEnd } = readChunks(reader);
  return {
    kind: "png",
    width,
    height,
    segments: count,
    scans: 0,
    ...(dataEnd !== undefined && { end: dataEnd }),
    ...(dataEnd !== undefined && !isComplete && { isTruncated: true }),
  };
}

interface ChunkSummary {
  readonly count: number;
  /** Whether the last chunk is there to its last byte. */
  readonly isComplete: boolean;
  /** Where the image data ends, without its last checksum; undefined if there is none. */
  readonly dataEnd: number | undefined;
}

function readChunks(reader: ByteReader): ChunkSummary {
  let count = 0;
  let dataEnd: number | undefined;
  for (const { name, end } of pngChunks(reader)) {
    if (name === "IHDR" && count > 0) throw malformedImage("png", "has two headers");
    count += 1;
    if (name === "IDAT") dataEnd = Math.min(end, reader.length) - CHECKSUM_BYTES;
    if (name === "IEND") return { count, isComplete: end <= reader.length, dataEnd };
  }
  return { count, isComplete: endsAsPng(reader), dataEnd };
}

/** Whether the file has its end, although a wrong length of a chunk hides it: it is damaged then, and not cut short. */
function endsAsPng(reader: ByteReader): boolean {
  const start = reader.length - CHUNK_OVERHEAD_BYTES;
  return start > 0 && reader.u32be(start) === 0 && reader.fourCharacters(start + 4) === "IEND";
}

/** A chunk with its length, name and checksum. */
export interface PngChunk {
  readonly name: string;
  readonly start: number;
  /** Offset past its checksum. It is past the end of a file that is cut short. */
  readonly end: number;
}

/** The chunks up to `IEND`. Every step advances by at least 12 bytes; a chunk that runs past the end is the last one. */
export function* pngChunks(reader: ByteReader): Generator<PngChunk> {
  let start = SIGNATURE.length;
  while (start + 8 <= reader.length) {
    const name = reader.fourCharacters(start + 4);
    const end = start + CHUNK_OVERHEAD_BYTES + reader.u32be(start);
    yield { name, start, end };
    if (name === "IEND") return;
    start = end;
  }
}
