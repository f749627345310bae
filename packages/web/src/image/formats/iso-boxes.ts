import { assertFewParts } from "./avif-parts.ts";
import type { ByteReader } from "./byte-reader.ts";
import { malformedImage } from "../image-errors.ts";
import type { ImageKind } from "./image-header.ts";

/** One box of an ISO base media file: AVIF, HEIC, MP4; JPEG XL has the same boxes. */
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
export function* isoBoxes(
  reader: ByteReader,
  start: number,
  end: number,
  kind: ImageKind = "avif",
): Generator<IsoBox> {
  let offset = start;
  for (let count = 1; offset < end; count += 1) {
    assertFewParts(count);
    let length = reader.u32be(offset);
    let headerBytes = 8;
    if (length === 1) {
      length = reader.u64be(offset + 8);
      headerBytes = 16;
    } else if (length === 0) {
      length = end - offset; // "to the end"
    }
    if (length < headerBytes) throw malformedImage(kind, "has a box of impossible length");
    yield {
      type: reader.fourCharacters(offset + 4),
      start: offset + headerBytes,
      end: Math.min(offset + length, end),
    };
    offset += length;
  }
}

/**
 * The boxes of the whole file. What stands after the last one is no box and is no harm: readers stop
 * when they have what they need.
 */
export function* topIsoBoxes(reader: ByteReader, kind: ImageKind = "avif"): Generator<IsoBox> {
  let start = 0;
  for (let count = 1; start + 8 <= reader.length; count += 1) {
    if (isGarbage(reader.u32be(start))) return;
    assertFewParts(count);
    const [box] = isoBoxes(reader, start, reader.length, kind);
    if (!box) return;
    yield box;
    start = box.end;
  }
}

/** A length that no box can have. */
function isGarbage(length: number): boolean {
  return length > 1 && length < 8;
}

/**
 * The only box of this type between two offsets. Where there are two, readers differ in which one
 * counts, and a check of one says nothing about the other.
 */
export function findOnlyIsoBox(
  reader: ByteReader,
  type: string,
  { start, end }: IsoBox,
): IsoBox | undefined {
  let only: IsoBox | undefined;
  for (const box of isoBoxes(reader, start, end)) {
    if (box.type !== type) continue;
    if (only) throw malformedImage("avif", `has two \`${type}\` boxes`);
    only = box;
  }
  return only;
}

const FULL_BOX_BYTES = 4; // version and flags, before the fields of a "full" box

/** The same box after its version and flags. */
export function pastVersion(box: IsoBox): IsoBox {
  return { ...box, start: box.start + FULL_BOX_BYTES };
}
