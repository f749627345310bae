/**
 * AVIF: the size is a property (`ispe`) in a list (`meta/iprp/ipco`), tied to the primary item by
 * an association table (`ipma`). A file also holds sizes of thumbnails, alpha planes and tiles.
 */

import { ByteReader } from "./byte-reader.ts";
import { malformedImage } from "./image-errors.ts";
import type { ImageHeader } from "./image-header.ts";
import { findIsoBox, isoBoxes, type IsoBox } from "./iso-boxes.ts";

const FULL_BOX_BYTES = 4; // version and flags, before a box's own fields

interface Size {
  readonly width: number;
  readonly height: number;
}

interface Properties {
  /** By index in the list, from 1. */
  readonly sizes: ReadonlyMap<number, Size>;
  /** Indices of the rotations by a quarter or three quarters. */
  readonly quarterTurns: ReadonlySet<number>;
}

/** Reads the primary picture's size, turned as it will be shown. */
export function readAvifHeader(bytes: Uint8Array): ImageHeader {
  const reader = new ByteReader(bytes, "avif");
  const meta = requireBox(reader, "meta", { type: "file", start: 0, end: reader.length });
  const inMeta = { ...meta, start: meta.start + FULL_BOX_BYTES };
  const iprp = requireBox(reader, "iprp", inMeta);
  const properties = readProperties(reader, requireBox(reader, "ipco", iprp));

  const associated = readAssociated(reader, inMeta, iprp);
  const size =
    associated.map((index) => properties.sizes.get(index)).find((found) => found !== undefined) ??
    largest(properties.sizes.values());
  if (!size) throw malformedImage("avif", "has no size");
  const isTurned = associated.some((index) => properties.quarterTurns.has(index));
  return {
    kind: "avif",
    width: isTurned ? size.height : size.width,
    height: isTurned ? size.width : size.height,
    segments: 0,
    scans: 0,
  };
}

function requireBox(reader: ByteReader, type: string, parent: IsoBox): IsoBox {
  const box = findIsoBox(reader, type, parent.start, parent.end);
  if (!box) throw malformedImage("avif", `has no \`${type}\` box`);
  return box;
}

function readProperties(reader: ByteReader, ipco: IsoBox): Properties {
  const sizes = new Map<number, Size>();
  const quarterTurns = new Set<number>();
  let index = 0;
  for (const { type, start } of isoBoxes(reader, ipco.start, ipco.end)) {
    index += 1;
    if (type === "ispe") {
      const at = start + FULL_BOX_BYTES;
      sizes.set(index, { width: reader.u32be(at), height: reader.u32be(at + 4) });
    } else if (type === "irot" && reader.u8(start) & 1) {
      quarterTurns.add(index);
    }
  }
  return { sizes, quarterTurns };
}

/** Indices of the primary item's properties; none where the file does not say. */
function readAssociated(reader: ByteReader, inMeta: IsoBox, iprp: IsoBox): number[] {
  const pitm = findIsoBox(reader, "pitm", inMeta.start, inMeta.end);
  const ipma = findIsoBox(reader, "ipma", iprp.start, iprp.end);
  if (!pitm || !ipma) return [];
  const primary = readId(reader, pitm.start + FULL_BOX_BYTES, reader.u8(pitm.start) > 0);

  const hasLongIds = reader.u8(ipma.start) > 0;
  const hasLongIndices = (reader.u8(ipma.start + 3) & 1) === 1;
  const idBytes = hasLongIds ? 4 : 2;
  const indexBytes = hasLongIndices ? 2 : 1;
  let offset = ipma.start + FULL_BOX_BYTES + 4; // past the entry count: the box's end is the bound
  while (offset < ipma.end) {
    const id = readId(reader, offset, hasLongIds);
    const count = reader.u8(offset + idBytes);
    offset += idBytes + 1;
    if (id === primary) {
      return Array.from({ length: count }, (_, position) =>
        hasLongIndices
          ? reader.u16be(offset + position * indexBytes) & 0x7fff // the top bit says "essential"
          : reader.u8(offset + position * indexBytes) & 0x7f,
      );
    }
    offset += count * indexBytes;
  }
  return [];
}

function readId(reader: ByteReader, offset: number, isLong: boolean): number {
  return isLong ? reader.u32be(offset) : reader.u16be(offset);
}

/** Too large a guess refuses a picture; too small a guess lets a bomb through. */
function largest(sizes: Iterable<Size>): Size | undefined {
  let best: Size | undefined;
  for (const size of sizes) {
    if (!best || size.width * size.height > best.width * best.height) best = size;
  }
  return best;
}
