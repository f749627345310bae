/**
 * Reads AV1, the video format inside an AVIF. It is a list of units (OBUs), among them sequence headers and frames. A
 * decoder allocates memory for the sizes in them, even if the file around them has another size.
 */

import { readAv1FrameSize, type Av1Layer } from "./av1-frame-size.ts";
import { readAv1SequenceHeader, type Av1Sequence } from "./av1-sequence-header.ts";
import { BitReader } from "./bit-reader.ts";
import { malformedImage } from "../image-errors.ts";
import { cover, type Size } from "./size.ts";

const SEQUENCE_HEADER = 1;
const FRAME_HEADER = 3;
const FRAME = 6;
const REDUNDANT_FRAME_HEADER = 7;

/** What is known of all units of one file. */
export interface UnitTally {
  /** How many may still be read. It is shared by all items, so that many items take no longer than a few. */
  left: number;
  /** The most samples that a pixel has in any sequence. */
  samples: number;
  /** The most bytes that a decoder keeps for a sample. */
  sampleBytes: number;
}

export function newTally(): UnitTally {
  return { left: MAX_UNITS, samples: 0, sampleBytes: 0 };
}

/** The greatest number of units. An image of 40 megapixels has at most about 10,000 tiles, with three or four units each. */
const MAX_UNITS = 50_000;

/** An image has one frame, or one for each layer of up to 4. A decoder decodes hidden frames without end before a shown one. */
const MAX_FRAMES = 16;

interface Unit extends Av1Layer {
  readonly type: number;
  readonly body: Uint8Array;
}

/**
 * The smallest size into which every frame in `data` fits; undefined if there is no sequence header, and so nothing to
 * decode.
 *
 * @throws {VlmError} `image-unreadable`
 */
export function readAv1Size(data: Uint8Array, tally: UnitTally): Size | undefined {
  let sequence: Av1Sequence | undefined;
  let size: Size | undefined;
  let frames = 0;
  const include = (found: Size): void => {
    size = size ? cover(size, found) : found;
  };
  for (const { type, body, temporal, spatial } of units(data, tally)) {
    const bits = new BitReader(body, "avif");
    if (type === SEQUENCE_HEADER) {
      sequence = readAv1SequenceHeader(bits);
      include(sequence.maxFrame);
      tally.samples = Math.max(tally.samples, sequence.samples);
      tally.sampleBytes = Math.max(tally.sampleBytes, sequence.sampleBytes);
    } else if (
      sequence &&
      (type === FRAME || type === FRAME_HEADER || type === REDUNDANT_FRAME_HEADER)
    ) {
      if (type !== REDUNDANT_FRAME_HEADER) frames += 1;
      if (frames > MAX_FRAMES) throw malformedImage("avif", "holds too many frames for one image");
      const own = readAv1FrameSize(bits, sequence, { temporal, spatial });
      if (own) include(own);
    }
  }
  return size;
}

/** The units in the data. Every step advances by at least one byte. A unit that is cut off is left to the decoder. */
function* units(data: Uint8Array, tally: UnitTally): Generator<Unit> {
  let offset = 0;
  while (offset < data.length) {
    tally.left -= 1;
    if (tally.left < 0) throw malformedImage("avif", "has too many parts");
    const head = data[offset]!;
    const hasExtension = (head & 0x04) !== 0;
    const extension = hasExtension ? (data[offset + 1] ?? 0) : 0;
    offset += hasExtension ? 2 : 1;
    let end = data.length;
    if (head & 0x02) {
      const { value, bytes } = readLeb128(data, offset);
      offset += bytes;
      end = Math.min(end, offset + value);
    }
    yield {
      type: (head >> 3) & 0x0f,
      temporal: extension >> 5,
      spatial: (extension >> 3) & 3,
      body: data.subarray(offset, end),
    };
    offset = end;
  }
}

/** Seven bits a byte, the least significant first, in eight bytes at most. */
function readLeb128(data: Uint8Array, offset: number): { value: number; bytes: number } {
  let value = 0;
  for (let index = 0; index < 8; index += 1) {
    const byte = data[offset + index] ?? 0;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (!(byte & 0x80)) return { value, bytes: index + 1 };
  }
  return { value, bytes: 8 };
}
