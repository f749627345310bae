/**
 * AVIF: the size is a property (`ispe`) in a list (`meta/iprp/ipco`), tied to the primary item by
 * an association table (`ipma`). A file also holds sizes of thumbnails, alpha planes and tiles.
 *
 * A decoder does not keep to these sizes. It decodes the AV1 frame in the item's data, or the first frame of a track, and
 * scales it to the size afterwards. A file of 3 KB that said 64 × 64, with a frame of 16384 × 16384, crashed the page. So the
 * header of each frame is read too, and a file that contradicts itself is refused.
 */

import { newTally, type UnitTally } from "./av1.ts";
import { assertFrameFits, readDecodedSize } from "./avif-frames.ts";
import { readAvifItems, type AvifItems } from "./avif-items.ts";
import { readAvifTracks, type AvifTrack } from "./avif-tracks.ts";
import { ByteReader } from "./byte-reader.ts";
import { malformedImage } from "../image-errors.ts";
import type { ImageHeader } from "./image-header.ts";
import { topIsoBoxes, type IsoBox } from "./iso-boxes.ts";
import { cover, fitsIn, fitsTurned, showSize, type Size } from "./size.ts";

/** Reads the primary image's size, turned as it will be shown. */
export function readAvifHeader(bytes: Uint8Array): ImageHeader {
  const reader = new ByteReader(bytes, "avif");
  const { meta, moov } = findParts(reader);
  const tally = newTally();
  const items = meta && readAvifItems(reader, meta);
  const tracks = moov ? readAvifTracks(reader, moov, tally) : [];

  const own = items?.primary === undefined ? undefined : items.properties.byItem.get(items.primary);
  const declared = items ? (own?.size ?? items.properties.largestSize) : sizeOfTracks(tracks);
  if (!declared) throw malformedImage("avif", meta ? "has no size" : "has no `meta` box");
  for (const track of tracks) assertTrackFits(track, declared);
  const decoded = items ? readDecodedSize(items, declared, tally) : declared;
  return {
    kind: "avif",
    ...(own?.isTurned === true ? turn(declared) : declared),
    ...(!fitsIn(decoded, declared) && { decoded }),
    planeBytes: planeBytesOf(tally, hasAlpha(items, tracks)),
    segments: 0,
    scans: 0,
  };
}

/** Beside an alpha plane decoders keep more than its samples: about as much as for the colours of an image in full. */
const ALPHA_SAMPLES = 3;

function planeBytesOf({ samples, sampleBytes }: UnitTally, isTransparent: boolean): number {
  return (samples + (isTransparent ? ALPHA_SAMPLES : 0)) * sampleBytes;
}

function hasAlpha(items: AvifItems | undefined, tracks: readonly AvifTrack[]): boolean {
  return tracks.length > 1 || (items?.references.some(({ type }) => type === "auxl") ?? false);
}

interface Parts {
  readonly meta?: IsoBox;
  readonly moov?: IsoBox;
}

function findParts(reader: ByteReader): Parts {
  const parts: { meta?: IsoBox; moov?: IsoBox } = {};
  for (const box of topIsoBoxes(reader)) {
    const { type } = box;
    if (type !== "meta" && type !== "moov") continue;
    if (parts[type]) throw malformedImage("avif", `has two \`${type}\` boxes`);
    parts[type] = box;
  }
  return parts;
}

function sizeOfTracks(tracks: readonly AvifTrack[]): Size | undefined {
  if (tracks.length === 0) return undefined;
  return tracks.map(({ declared }) => declared).reduce(cover);
}

function assertTrackFits({ declared, frame }: AvifTrack, image: Size): void {
  if (!fitsTurned(declared, image)) {
    throw malformedImage(
      "avif",
      `says that it is ${showSize(image)} pixels and has a track of ${showSize(declared)}`,
    );
  }
  if (frame) assertFrameFits(frame, declared);
}

function turn({ width, height }: Size): Size {
  return { width: height, height: width };
}
