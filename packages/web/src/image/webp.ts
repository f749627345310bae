import { ByteReader } from "./byte-reader.ts";
import { malformedImage } from "./image-errors.ts";
import type { ImageHeader } from "./image-header.ts";

const BODY = 20; // RIFF header 12, first chunk's name and length 8
const VP8_START_CODE = 0x2a_019d;
const VP8L_SIGNATURE = 0x2f;
const SIDE_MASK = 0x3fff; // sides have 14 bits in VP8 and VP8L

/** Reads the size of a lossy, lossless or extended (alpha, animation, metadata) WebP. */
export function readWebpHeader(bytes: Uint8Array): ImageHeader {
  const reader = new ByteReader(bytes, "webp");
  return { kind: "webp", ...readSize(reader), segments: 0, scans: 0 };
}

function readSize(reader: ByteReader): { width: number; height: number } {
  switch (reader.fourCharacters(12)) {
    case "VP8 ":
      if (reader.u24le(BODY + 3) !== VP8_START_CODE) break;
      return {
        width: reader.u16le(BODY + 6) & SIDE_MASK,
        height: reader.u16le(BODY + 8) & SIDE_MASK,
      };
    case "VP8L": {
      if (reader.u8(BODY) !== VP8L_SIGNATURE) break;
      const sides = reader.u32le(BODY + 1);
      return { width: (sides & SIDE_MASK) + 1, height: ((sides >>> 14) & SIDE_MASK) + 1 };
    }
    case "VP8X": // the canvas; decoders refuse frames that do not fit it
      return { width: reader.u24le(BODY + 4) + 1, height: reader.u24le(BODY + 7) + 1 };
  }
  throw malformedImage("webp", "does not begin with a picture");
}
