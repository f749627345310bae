/** Reads the sizes that a decoder will decode for an AVIF's items: of AV1 frames, and of grids of tiles. */

import type { AvifItems } from "./avif-items.ts";
import { readAv1Size, type UnitTally } from "./av1.ts";
import { ByteReader } from "./byte-reader.ts";
import { malformedImage, truncatedImage } from "../image-errors.ts";
import { cover, fitsIn, showSize, type Size } from "./size.ts";

/** Items that describe an image and are not decoded with it. */
const NOT_DECODED_WITH = new Set(["thmb", "cdsc"]);

/**
 * The size that covers everything which is decoded with the primary item.
 *
 * @param declared size of the primary item
 * @throws {VlmError} `image-unreadable` if a frame is larger than the file says, because decoders decode it at that size
 *   and shrink it afterwards
 */
export function readDecodedSize(items: AvifItems, declared: Size, tally: UnitTally): Size {
  const sizeOf = (id: number): Size | undefined => items.properties.byItem.get(id)?.size;
  let decoded = declared;
  for (const { type, from, to } of items.references) {
    const ends = [from, ...to];
    if (NOT_DECODED_WITH.has(type) || !ends.some((id) => id === items.primary)) continue;
    for (const id of ends) decoded = cover(decoded, sizeOf(id) ?? declared);
  }
  for (const [id, type] of items.types) {
    const size = sizeOf(id) ?? declared;
    if (type === "av01") assertFrame(items, id, size, tally);
    if (type === "grid") decoded = cover(decoded, readCanvas(items, id, size));
  }
  return decoded;
}

function assertFrame(items: AvifItems, id: number, declared: Size, tally: UnitTally): void {
  const data = items.dataOf(id);
  if (!data || data.length === 0) throw truncatedImage("avif");
  const frame = readAv1Size(data, tally);
  if (!frame) throw malformedImage("avif", "has an item without an AV1 frame");
  assertFrameFits(frame, declared);
  const { config } = items.properties.byItem.get(id) ?? {};
  const announced = config && readAv1Size(config, tally);
  if (announced) assertFrameFits(announced, declared);
}

/** @throws {VlmError} `image-unreadable` */
export function assertFrameFits(frame: Size, declared: Size): void {
  if (fitsIn(frame, declared)) return;
  throw malformedImage(
    "avif",
    `says that it is ${showSize(declared)} pixels and holds a frame of ${showSize(frame)}`,
  );
}

/** The size of all tiles of a grid together. The image that is shown is cut out of it. */
function readCanvas(items: AvifItems, id: number, declared: Size): Size {
  const data = items.dataOf(id);
  if (!data) throw truncatedImage("avif");
  const reader = new ByteReader(data, "avif");
  const hasLongSides = (reader.u8(1) & 1) === 1;
  const sideBytes = hasLongSides ? 4 : 2;
  const rows = reader.u8(2) + 1;
  const columns = reader.u8(3) + 1;
  assertFrameFits(
    { width: reader.uintBe(4, sideBytes), height: reader.uintBe(4 + sideBytes, sideBytes) },
    declared,
  );
  let canvas = declared;
  for (const { type, from, to } of items.references) {
    if (type !== "dimg" || from !== id) continue;
    for (const tile of to) {
      const { width, height } = items.properties.byItem.get(tile)?.size ?? declared;
      canvas = cover(canvas, { width: width * columns, height: height * rows });
    }
  }
  return canvas;
}
