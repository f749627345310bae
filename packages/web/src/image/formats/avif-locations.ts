import { assertFewParts } from "./avif-parts.ts";
import type { ByteReader } from "./byte-reader.ts";
import { malformedImage } from "../image-errors.ts";
import { findOnlyIsoBox, pastVersion, type IsoBox } from "./iso-boxes.ts";

/** A piece of an item's data. */
interface Extent {
  readonly start: number;
  readonly end: number;
}

const IN_FILE = 0;
const IN_META = 1;

/**
 * Reads where the data of each item is. Only requested items are read.
 *
 * @returns a function from an item to its data, which is short if the file ends too early
 */
export function readAvifLocations(
  reader: ByteReader,
  meta: IsoBox,
): (id: number) => Uint8Array | undefined {
  const iloc = findOnlyIsoBox(reader, "iloc", meta);
  const extents = iloc
    ? readExtents(reader, iloc, findOnlyIsoBox(reader, "idat", meta))
    : undefined;
  let copied = 0;
  return (id) => {
    const pieces = extents?.get(id);
    if (!pieces) return undefined;
    const [only] = pieces;
    if (only && pieces.length === 1) return reader.slice(only.start, only.end);
    const slices = pieces.map(({ start, end }) => reader.slice(start, end));
    for (const slice of slices) copied += slice.length;
    // Pieces that overlap could turn a small file into any amount of data.
    if (copied > reader.length) throw malformedImage("avif", "uses its data more than once");
    return join(slices);
  };
}

function readExtents(
  reader: ByteReader,
  iloc: IsoBox,
  idat: IsoBox | undefined,
): ReadonlyMap<number, readonly Extent[]> {
  const version = reader.u8(iloc.start);
  let offset = pastVersion(iloc).start;
  const offsetBytes = readWidth(reader.u8(offset) >> 4);
  const lengthBytes = readWidth(reader.u8(offset) & 0x0f);
  const baseBytes = readWidth(reader.u8(offset + 1) >> 4);
  const indexBytes = version === 0 ? 0 : readWidth(reader.u8(offset + 1) & 0x0f);
  const take = (bytes: number): number => {
    const value = reader.uintBe(offset, bytes);
    offset += bytes;
    return value;
  };

  offset += 2;
  const idBytes = version < 2 ? 2 : 4;
  const items = take(idBytes);
  assertFewParts(items);
  const found = new Map<number, Extent[]>();
  let total = 0;
  for (let item = 0; item < items; item += 1) {
    const id = take(idBytes);
    const method = version === 0 ? IN_FILE : take(2) & 0x0f;
    offset += 2; // which file: this one
    const base = take(baseBytes);
    const count = take(2);
    total += count;
    assertFewParts(total);
    if (found.has(id)) throw malformedImage("avif", "says twice where one item lies");
    const source = sourceOf(method, reader, idat);
    const pieces: Extent[] = [];
    for (let piece = 0; piece < count; piece += 1) {
      offset += indexBytes;
      const start = source.start + base + take(offsetBytes);
      const length = take(lengthBytes);
      // Without a length it is all that there is.
      const end = length === 0 ? source.end : Math.min(start + length, source.end);
      pieces.push({ start: Math.min(start, end), end });
    }
    found.set(id, pieces);
  }
  return found;
}

/** Four bits that say how many bytes a field has. */
function readWidth(width: number): number {
  if (width === 0 || width === 4 || width === 8) return width;
  throw malformedImage("avif", "has an `iloc` box of unknown form");
}

function sourceOf(method: number, reader: ByteReader, idat: IsoBox | undefined): Extent {
  if (method === IN_FILE) return { start: 0, end: reader.length };
  if (method === IN_META && idat) return idat;
  throw malformedImage("avif", "has an item without data");
}

function join(slices: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(slices.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const slice of slices) {
    joined.set(slice, offset);
    offset += slice.length;
  }
  return joined;
}
