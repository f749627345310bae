/** The items of an AVIF: images, tiles of images, alpha planes, metadata. */

import { readAvifLocations } from "./avif-locations.ts";
import { assertFewParts } from "./avif-parts.ts";
import { readAvifProperties, type AvifProperties } from "./avif-properties.ts";
import type { ByteReader } from "./byte-reader.ts";
import { malformedImage } from "../image-errors.ts";
import { findOnlyIsoBox, isoBoxes, pastVersion, type IsoBox } from "./iso-boxes.ts";

/** "This item needs those": a grid its tiles, an alpha plane its image. */
interface Reference {
  readonly type: string;
  readonly from: number;
  readonly to: readonly number[];
}

export interface AvifItems {
  readonly primary: number | undefined;
  /** What each item is: `av01`, `grid`, `Exif` and so on. */
  readonly types: ReadonlyMap<number, string>;
  readonly properties: AvifProperties;
  readonly references: readonly Reference[];
  /** As far as the file has it; undefined where it says nothing. */
  readonly dataOf: (id: number) => Uint8Array | undefined;
}

/** @param box the file's `meta` box */
export function readAvifItems(reader: ByteReader, box: IsoBox): AvifItems {
  const meta = pastVersion(box);
  const iprp = findOnlyIsoBox(reader, "iprp", meta);
  if (!iprp) throw malformedImage("avif", "has no `iprp` box");
  const pitm = findOnlyIsoBox(reader, "pitm", meta);
  return {
    primary: pitm && readId(reader, pastVersion(pitm).start, reader.u8(pitm.start) > 0),
    types: readTypes(reader, findOnlyIsoBox(reader, "iinf", meta)),
    properties: readAvifProperties(reader, iprp),
    references: readReferences(reader, findOnlyIsoBox(reader, "iref", meta)),
    dataOf: readAvifLocations(reader, meta),
  };
}

function readTypes(reader: ByteReader, iinf: IsoBox | undefined): ReadonlyMap<number, string> {
  const types = new Map<number, string>();
  if (!iinf) return types;
  const start = pastVersion(iinf).start + (reader.u8(iinf.start) > 0 ? 4 : 2); // past the count
  for (const infe of isoBoxes(reader, start, iinf.end)) {
    const version = reader.u8(infe.start);
    if (infe.type !== "infe" || version < 2) continue; // earlier versions are of files, not of images
    const hasLongId = version > 2;
    const at = pastVersion(infe).start;
    const id = readId(reader, at, hasLongId);
    if (types.has(id)) throw malformedImage("avif", "lists one item twice");
    types.set(id, reader.fourCharacters(at + (hasLongId ? 6 : 4)));
    assertFewParts(types.size);
  }
  return types;
}

function readReferences(reader: ByteReader, iref: IsoBox | undefined): readonly Reference[] {
  const references: Reference[] = [];
  if (!iref) return references;
  const hasLongIds = reader.u8(iref.start) > 0;
  const idBytes = hasLongIds ? 4 : 2;
  let total = 0;
  for (const { type, start } of isoBoxes(reader, pastVersion(iref).start, iref.end)) {
    const count = reader.u16be(start + idBytes);
    total += 1 + count;
    assertFewParts(total);
    references.push({
      type,
      from: readId(reader, start, hasLongIds),
      to: Array.from({ length: count }, (_, index) =>
        readId(reader, start + idBytes + 2 + index * idBytes, hasLongIds),
      ),
    });
  }
  return references;
}

function readId(reader: ByteReader, offset: number, isLong: boolean): number {
  return isLong ? reader.u32be(offset) : reader.u16be(offset);
}
