import { assertFewParts } from "./avif-parts.ts";
import type { ByteReader } from "./byte-reader.ts";
import { malformedImage } from "../image-errors.ts";
import { findOnlyIsoBox, isoBoxes, pastVersion, type IsoBox } from "./iso-boxes.ts";
import { isSame, type Size } from "./size.ts";

/** What the file says about one item. */
interface ItemProperties {
  readonly size: Size | undefined;
  /** Whether it is shown turned by a quarter or three quarters. */
  readonly isTurned: boolean;
  /** Start of the AV1 stream, as some decoders want it beforehand. */
  readonly config: Uint8Array | undefined;
}

export interface AvifProperties {
  readonly byItem: ReadonlyMap<number, ItemProperties>;
  /** Of all sizes in the list: for items that have none. */
  readonly largestSize: Size | undefined;
}

type Property =
  | { readonly type: "size"; readonly size: Size }
  | { readonly type: "turn" }
  | { readonly type: "config"; readonly config: Uint8Array };

const MAX_INDEX = 0x7fff;
const AV1_CONFIG_BYTES = 4; // before the units

/** Reads the list of properties and the tables that tie them to items. */
export function readAvifProperties(reader: ByteReader, iprp: IsoBox): AvifProperties {
  const ipco = findOnlyIsoBox(reader, "ipco", iprp);
  if (!ipco) throw malformedImage("avif", "has no `ipco` box");
  const properties = readList(reader, ipco);
  const byItem = new Map<number, ItemProperties>();
  for (const box of isoBoxes(reader, iprp.start, iprp.end)) {
    if (box.type === "ipma") readTies(reader, box, properties, byItem);
  }
  return { byItem, largestSize: largest(properties.values()) };
}

function readList(reader: ByteReader, ipco: IsoBox): ReadonlyMap<number, Property> {
  const properties = new Map<number, Property>();
  let index = 0;
  for (const box of isoBoxes(reader, ipco.start, ipco.end)) {
    index += 1;
    if (index > MAX_INDEX) break; // nothing can be tied to it
    const property = readProperty(reader, box);
    if (property) properties.set(index, property);
  }
  return properties;
}

function readProperty(reader: ByteReader, box: IsoBox): Property | undefined {
  switch (box.type) {
    case "ispe": {
      const { start } = pastVersion(box);
      return {
        type: "size",
        size: { width: reader.u32be(start), height: reader.u32be(start + 4) },
      };
    }
    case "irot":
      return reader.u8(box.start) & 1 ? { type: "turn" } : undefined;
    case "av1C":
      return { type: "config", config: reader.slice(box.start + AV1_CONFIG_BYTES, box.end) };
  }
  return undefined;
}

function readTies(
  reader: ByteReader,
  ipma: IsoBox,
  properties: ReadonlyMap<number, Property>,
  byItem: Map<number, ItemProperties>,
): void {
  const hasLongIds = reader.u8(ipma.start) > 0;
  const hasLongIndices = (reader.u8(ipma.start + 3) & 1) === 1;
  const indexBytes = hasLongIndices ? 2 : 1;
  let offset = pastVersion(ipma).start + 4; // past the entry count: the box's end is the bound
  while (offset < ipma.end) {
    const id = hasLongIds ? reader.u32be(offset) : reader.u16be(offset);
    offset += hasLongIds ? 4 : 2;
    const count = reader.u8(offset);
    offset += 1;
    if (byItem.has(id)) throw malformedImage("avif", "describes one item twice");
    const tied: Property[] = [];
    for (let position = 0; position < count; position += 1, offset += indexBytes) {
      // The top bit says "essential".
      const index = hasLongIndices ? reader.u16be(offset) & 0x7fff : reader.u8(offset) & 0x7f;
      const property = properties.get(index);
      if (property) tied.push(property);
    }
    byItem.set(id, toItemProperties(tied));
    assertFewParts(byItem.size);
  }
}

function toItemProperties(tied: readonly Property[]): ItemProperties {
  let size: Size | undefined;
  let config: Uint8Array | undefined;
  for (const property of tied) {
    if (property.type === "size") {
      if (size && !isSame(size, property.size)) {
        throw malformedImage("avif", "gives one item two sizes");
      }
      size = property.size;
    } else if (property.type === "config") config = property.config;
  }
  return { size, config, isTurned: tied.some(({ type }) => type === "turn") };
}

/** Too large a guess refuses an image; too small a guess lets a bomb through. */
function largest(properties: Iterable<Property>): Size | undefined {
  let best: Size | undefined;
  for (const property of properties) {
    if (property.type !== "size") continue;
    const { size } = property;
    if (!best || size.width * size.height > best.width * best.height) best = size;
  }
  return best;
}
