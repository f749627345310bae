/** Reads the tracks of an AVIF sequence. If there are any, decoders show the first frame of one. */

import { AV1, findSampleTable, readFirstSample, sampleEntries } from "./avif-samples.ts";
import { readAv1Size, type UnitTally } from "./av1.ts";
import type { ByteReader } from "./byte-reader.ts";
import { malformedImage } from "../image-errors.ts";
import { findOnlyIsoBox, isoBoxes, type IsoBox } from "./iso-boxes.ts";
import { cover, type Size } from "./size.ts";

export interface AvifTrack {
  /** The size in the track's headers; both sides are 0 if they have none. */
  readonly declared: Size;
  /** The size of its first frame; undefined if it has no frames. */
  readonly frame: Size | undefined;
}

/** The greatest number of tracks. Usual files have one for the image and one for its alpha. */
const MAX_TRACKS = 64;

const NOTHING: Size = { width: 0, height: 0 };

/** Sizes of the tracks that an AV1 decoder can decode. */
export function readAvifTracks(reader: ByteReader, moov: IsoBox, tally: UnitTally): AvifTrack[] {
  const tracks: AvifTrack[] = [];
  let count = 0;
  for (const box of isoBoxes(reader, moov.start, moov.end)) {
    if (box.type !== "trak") continue;
    count += 1;
    if (count > MAX_TRACKS) throw malformedImage("avif", "has too many parts");
    const track = readTrack(reader, box, tally);
    if (track) tracks.push(track);
  }
  return tracks;
}

function readTrack(reader: ByteReader, trak: IsoBox, tally: UnitTally): AvifTrack | undefined {
  const stbl = findSampleTable(reader, trak);
  const stsd = stbl && findOnlyIsoBox(reader, "stsd", stbl);
  if (!stbl || !stsd) return undefined;

  const tkhd = findOnlyIsoBox(reader, "tkhd", trak);
  let declared = tkhd ? readTrackHeader(reader, tkhd) : NOTHING;
  let frame: Size | undefined;
  let isAv1 = false;
  for (const entry of sampleEntries(reader, stsd)) {
    if (entry.type !== AV1) continue;
    isAv1 = true;
    declared = cover(declared, readSampleEntry(reader, entry));
    frame = coverFound(frame, readConfig(reader, entry, tally));
  }
  if (!isAv1) return undefined;
  const sample = readFirstSample(reader, stbl);
  const data = sample && reader.slice(sample.start, sample.start + sample.bytes);
  return { declared, frame: coverFound(frame, data && readAv1Size(data, tally)) };
}

function coverFound(one: Size | undefined, other: Size | undefined): Size | undefined {
  return one && other ? cover(one, other) : (one ?? other);
}

/** Sides have 16 bits before and 16 after the point. */
function readTrackHeader(reader: ByteReader, tkhd: IsoBox): Size {
  const hasLongTimes = reader.u8(tkhd.start) > 0;
  const at = tkhd.start + (hasLongTimes ? 88 : 76);
  return {
    width: Math.ceil(reader.u32be(at) / 0x1_0000),
    height: Math.ceil(reader.u32be(at + 4) / 0x1_0000),
  };
}

const SIDES_IN_ENTRY = 24;
const BOXES_IN_ENTRY = 78;

function readSampleEntry(reader: ByteReader, { start }: IsoBox): Size {
  return {
    width: reader.u16be(start + SIDES_IN_ENTRY),
    height: reader.u16be(start + SIDES_IN_ENTRY + 2),
  };
}

function readConfig(reader: ByteReader, entry: IsoBox, tally: UnitTally): Size | undefined {
  const boxes = { ...entry, start: entry.start + BOXES_IN_ENTRY };
  const av1C = findOnlyIsoBox(reader, "av1C", boxes);
  return av1C && readAv1Size(reader.slice(av1C.start + 4, av1C.end), tally);
}
