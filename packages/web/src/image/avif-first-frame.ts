/**
 * An AVIF sequence with its first frame only. Decoders read the tables of all frames before they show the first one:
 * Chromium 156 takes 1 s for 25,000 frames, 48 s for 200,000 (a file of 0.8 MB), and the time grows with the square.
 */

import type { VlmError } from "../protocol/errors.ts";
import { malformedImage } from "./image-errors.ts";
import {
  findSampleTable,
  hasAv1Entry,
  readFirstSample,
  type AvifSample,
} from "./formats/avif-samples.ts";
import { ByteReader } from "./formats/byte-reader.ts";
import { findOnlyIsoBox, isoBoxes, topIsoBoxes, type IsoBox } from "./formats/iso-boxes.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/**
 * The file in parts. Every table has one entry, and `free` boxes take the place of the others, so that nothing in the
 * file moves.
 *
 * @throws {VlmError} `image-unreadable` where a track has frames and lacks tables
 */
export function firstAvifFrame(bytes: Bytes): Bytes[] {
  const reader = new ByteReader(bytes, "avif");
  const moov = [...topIsoBoxes(reader)].find(({ type }) => type === "moov");
  if (!moov) return [bytes];
  const tracks = bytes.slice(moov.start, moov.end);
  for (const trak of isoBoxes(reader, moov.start, moov.end)) {
    const stbl = trak.type === "trak" ? findSampleTable(reader, trak) : undefined;
    if (stbl) tracks.set(cutTables(reader, stbl), stbl.start - moov.start);
  }
  return [bytes.subarray(0, moov.start), tracks, bytes.subarray(moov.end)];
}

const HEADER_BYTES = 8;

/** What stands in the box `stbl`, as long as before. */
function cutTables(reader: ByteReader, stbl: IsoBox): Bytes {
  const content = new Uint8Array(stbl.end - stbl.start);
  let offset = 0;
  const put = (...boxes: readonly Bytes[]): void => {
    for (const box of boxes) {
      if (offset + box.length > content.length) throw lacksTables();
      content.set(box, offset);
      offset += box.length;
    }
  };
  const stsd = findOnlyIsoBox(reader, "stsd", stbl);
  if (stsd) put(isoBox("stsd", reader.slice(stsd.start, stsd.end)));
  // Decoders read the tables of other tracks, and decode nothing of them.
  const sample = stsd && hasAv1Entry(reader, stsd) ? readFirstSample(reader, stbl) : undefined;
  if (sample && sample.start < reader.length) {
    put(TIME_TABLE, CHUNK_TABLE, offsetTable(sample));
    // The size's second form is 4 bytes longer, for where these are left, which is too little for a box.
    const left = content.length - offset;
    put(left === SIZE_IN_ENTRY_BYTES ? sizeInEntry(sample) : sizeOfAll(sample));
  }
  const left = content.length - offset;
  if (left > 0 && left < HEADER_BYTES) throw lacksTables();
  if (left > 0) put(isoBox("free", new Uint8Array(left - HEADER_BYTES)));
  return content;
}

/** One frame, for one unit of time. */
const TIME_TABLE = isoBox("stts", numbers(0, 1, 1, 1));

/** From the first chunk on, each chunk has one frame, of the first description. */
const CHUNK_TABLE = isoBox("stsc", numbers(0, 1, 1, 1, 1));

function offsetTable({ start }: AvifSample): Bytes {
  return isoBox("stco", numbers(0, 1, start));
}

function sizeOfAll({ bytes }: AvifSample): Bytes {
  return isoBox("stsz", numbers(0, bytes, 1));
}

const SIZE_IN_ENTRY_BYTES = 24;

function sizeInEntry({ bytes }: AvifSample): Bytes {
  return isoBox("stsz", numbers(0, 0, 1, bytes));
}

function isoBox(type: string, content: Uint8Array): Bytes {
  const box = new Uint8Array(HEADER_BYTES + content.length);
  box.set(numbers(box.length));
  for (let at = 0; at < type.length; at += 1) box[4 + at] = type.charCodeAt(at);
  box.set(content, HEADER_BYTES);
  return box;
}

/** Each in four bytes, most significant first. */
function numbers(...values: readonly number[]): Bytes {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of values.entries()) view.setUint32(index * 4, value);
  return bytes;
}

function lacksTables(): VlmError<"image-unreadable"> {
  return malformedImage("avif", "has a track without the usual tables");
}
