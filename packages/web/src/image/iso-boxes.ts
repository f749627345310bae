import type { ByteReader } from "./byte-reader.ts";
import { malformedImage } from "./image-errors.ts";

/** One box of an ISO base media file: AVIF, HEIC, MP4. */
export interface IsoBox {
  readonly type: string;
  /** Offset of its first byte after length and type. */
  readonly start: number;
  /** Offset past its last byte, never past its parent's. */
  readonly end: number;
}

/**
 * The boxes between two offsets, one level deep.
 *
 * Each is at least 8 bytes long or the file is refused: parsers that accept shorter boxes stand
 * still, and several did.
 */
export function* isoBoxes(reader: ByteReader, start: number, end: number): Generator<IsoBox> {
  let offset = start;
  while (offset < end) {
    let length = reader.u32be(offset);
    let headerBytes = 8;
    if (length === 1) {
      length = reader.u32be(offset + 8) * 2 ** 32 + reader.u32be(offset + 12);
      headerBytes = 16;
    } else if (length === 0) {
      length = end - offset; // "to the end"
    }
    if (length < headerBytes) throw malformedImage("avif", "has a box of impossible length");
    yield {
      type: reader.fourCharacters(offset + 4),
      start: offset + headerBytes,
      end: Math.min(offset + length, end),
    };
    offset += length;
  }
}

/** The first box of this type between two offsets. */
export function findIsoBox(
  reader: ByteReader,
  type: string,
  start: number,
  end: number,
): IsoBox | undefined {
  for (const box of isoBoxes(reader, start, end)) if (box.type === type) return box;
  return undefined;
}
