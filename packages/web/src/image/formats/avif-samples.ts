/** Reads the tables of an AVIF's track that say where its frames lie. Decoders call a frame's data a sample. */

import type { ByteReader } from "./byte-reader.ts";
import { malformedImage } from "../image-errors.ts";
import { findOnlyIsoBox, isoBoxes, pastVersion, type IsoBox } from "./iso-boxes.ts";

/** The codec's name in a file. */
export const AV1 = "av01";

/** Where in the file the data of a frame lies. */
export interface AvifSample {
  readonly start: number;
  readonly bytes: number;
}

/** The box of a track that has all tables of its frames. */
export function findSampleTable(reader: ByteReader, trak: IsoBox): IsoBox | undefined {
  let box: IsoBox | undefined = trak;
  for (const type of ["mdia", "minf", "stbl"]) box = box && findOnlyIsoBox(reader, type, box);
  return box;
}

/** The descriptions of a track's frames. Each is named after a codec. */
export function sampleEntries(reader: ByteReader, stsd: IsoBox): Generator<IsoBox> {
  return isoBoxes(reader, pastVersion(stsd).start + 4, stsd.end); // past the count
}

/** Whether an AV1 decoder can decode the track. */
export function hasAv1Entry(reader: ByteReader, stsd: IsoBox): boolean {
  for (const { type } of sampleEntries(reader, stsd)) if (type === AV1) return true;
  return false;
}

/** Undefined if the track has no frames. */
export function readFirstSample(reader: ByteReader, stbl: IsoBox): AvifSample | undefined {
  const short = findOnlyIsoBox(reader, "stco", stbl);
  const long = findOnlyIsoBox(reader, "co64", stbl);
  const stsz = findOnlyIsoBox(reader, "stsz", stbl);
  if (short && long) throw malformedImage("avif", "says twice where its frames lie");
  const chunks = short ?? long;
  if (!chunks || !stsz) return undefined;
  const isEmpty = reader.u32be(chunks.start + 4) === 0 || reader.u32be(stsz.start + 8) === 0;
  if (isEmpty) return undefined;
  const at = chunks.start + 8;
  const sizeOfAll = reader.u32be(stsz.start + 4);
  return {
    start: long ? reader.u64be(at) : reader.u32be(at),
    bytes: sizeOfAll === 0 ? reader.u32be(stsz.start + 12) : sizeOfAll,
  };
}
