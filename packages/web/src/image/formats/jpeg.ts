/**
 * Reads JPEG: a list of segments, of which one has the size of the frame, and then scans of entropy-coded data.
 *
 * The walk goes on after the size to the end of the file, because the cost of decoding is decided there. Decoding time grows
 * with the square of the number of segments: 115,000 empty ones (1.3 MB) kept Chromium busy for over 40 s. And each scan of a
 * progressive image paints the whole image again.
 */

import { ByteReader } from "./byte-reader.ts";
import { readExifOrientation, swapsSides } from "./exif.ts";
import { malformedImage } from "../image-errors.ts";
import type { ImageHeader } from "./image-header.ts";
import { cover, type Size } from "./size.ts";

const START_OF_IMAGE = 0xd8;
const END_OF_IMAGE = 0xd9;
const START_OF_SCAN = 0xda;
const APP1 = 0xe1;
const PROGRESSIVE = new Set([0xc2, 0xc6, 0xca, 0xce]);

/** Reads size, orientation and the counts of segments and scans. */
export function readJpegHeader(bytes: Uint8Array): ImageHeader {
  const reader = new ByteReader(bytes, "jpeg");
  let size: Size | undefined;
  let samples = 0; // of each pixel
  let isProgressive = false;
  let orientation = 1;
  let hasExif = false;
  let segments = 0;
  let scans = 0;
  let isComplete = false;
  let end = bytes.length;
  let offset = 2; // past the start-of-image marker

  // Every turn ends past the marker it found, so the walk is linear in the file's length.
  for (;;) {
    offset = nextMarker(bytes, offset);
    if (size && offset + 1 >= bytes.length) break; // cut short after the size
    const marker = reader.u8(offset + 1);
    if (marker === END_OF_IMAGE) {
      isComplete = true;
      end = offset + 2;
      break;
    }
    offset += 2;
    if (isStandalone(marker)) continue;

    if (size && offset + 1 >= bytes.length) break;
    const length = reader.u16be(offset);
    segments += 1;
    if (scans > 0 && offset + length > bytes.length) {
      // The length is wrong, or the file is cut here. Either way, what was read so far is the image.
      end = offset - 2;
      isComplete = hasEndMarker(bytes, offset);
      break;
    }
    if (length < 2) {
      if (scans > 0) continue; // decoders forgive it here: they skip the marker
      throw malformedImage("jpeg", "has a segment of impossible length");
    }
    if (isFrame(marker) && scans === 0) {
      // A second frame header is an error, and readers differ in which one counts.
      const frame = { height: reader.u16be(offset + 3), width: reader.u16be(offset + 5) };
      size = size ? cover(size, frame) : frame;
      isProgressive ||= PROGRESSIVE.has(marker);
      samples = Math.max(samples, countSamples(reader, offset + 7));
    } else if (marker === START_OF_SCAN) {
      if (!size) throw malformedImage("jpeg", "has image data before its size");
      scans += 1;
    } else if (marker === APP1 && !hasExif) {
      const found = readExifOrientation(bytes, offset + 2, offset + length);
      hasExif = found !== undefined;
      orientation = found ?? 1;
    }
    offset += length;
  }

  if (!size) throw malformedImage("jpeg", "has no size");
  const { width, height } = size;
  return {
    kind: "jpeg",
    width: swapsSides(orientation) ? height : width,
    height: swapsSides(orientation) ? width : height,
    segments,
    scans,
    end,
    ...((scans > 1 || isProgressive) && { coefficients: Math.ceil(width * height * samples) }),
    ...(scans > 0 && !isComplete && { isTruncated: true }),
  };
}

/**
 * Offset of the next `FF xx` where xx is a marker. Skips fill bytes, stray bytes between segments
 * (which decoders forgive) and entropy-coded data, where a literal FF is followed by 00.
 */
function nextMarker(bytes: Uint8Array, from: number): number {
  for (let offset = from; offset < bytes.length; offset += 1) {
    if (bytes[offset] !== 0xff) continue;
    const next = bytes[offset + 1];
    if (next !== 0x00 && next !== 0xff) return offset;
  }
  return bytes.length;
}

/** How many samples all components together have for each pixel: 3 without subsampling, 1.5 for most photographs. */
function countSamples(reader: ByteReader, start: number): number {
  const components = reader.u8(start);
  const factors: number[][] = [];
  for (let index = 0; index < components; index += 1) {
    const both = reader.u8(start + 2 + 3 * index);
    factors.push([Math.max(1, both >> 4), Math.max(1, both & 15)]);
  }
  const most = (axis: number): number => Math.max(1, ...factors.map((pair) => pair[axis]!));
  const full = most(0) * most(1);
  return factors.reduce((sum, [across = 1, down = 1]) => sum + (across * down) / full, 0);
}

/** Whether there is an end-of-image marker from here on. */
function hasEndMarker(bytes: Uint8Array, from: number): boolean {
  for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    if (bytes[at + 1] === END_OF_IMAGE) return true;
  }
  return false;
}

/** Markers without a length: restarts, TEM, a repeated start. */
function isStandalone(marker: number): boolean {
  return (marker >= 0xd0 && marker <= START_OF_IMAGE) || marker === 0x01;
}

/** SOF0 to SOF15, less the three codes in that range that mean tables. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}
