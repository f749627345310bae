import type { BitReader } from "./bit-reader.ts";
import type { Size } from "./size.ts";

/** The fields of a sequence header that give the size of frames, and that are needed to read their headers. */
export interface Av1Sequence {
  /** The largest frame that the sequence should have. */
  readonly maxFrame: Size;
  readonly widthBits: number;
  readonly heightBits: number;
  /** The short form for still images: frames have the sequence's size. */
  readonly isReduced: boolean;
  /** Bits of `frame_presentation_time`; 0 if frames have none. */
  readonly presentationTimeBits: number;
  /** Bits of `buffer_removal_time`, and the layers of each operating point that has it. */
  readonly removalTimeBits: number | undefined;
  readonly timedOperatingPoints: readonly number[];
  /** Bits of a frame's number; undefined if frames have none. */
  readonly frameId: { readonly bits: number; readonly deltaBits: number } | undefined;
  readonly orderHintBits: number;
  /** As in the format: 0, 1, or 2 for "each frame says". */
  readonly screenContentTools: number;
  readonly integerMotion: number;
}

const EACH_FRAME_SAYS = 2;

interface Timing {
  readonly presentationTimeBits: number;
  readonly delayBits: number;
  readonly removalTimeBits: number | undefined;
}

const NO_TIMING: Timing = { presentationTimeBits: 0, delayBits: 0, removalTimeBits: undefined };

/** Reads `sequence_header_obu` up to the last field that a frame's size depends on (AV1, 5.5). */
export function readAv1SequenceHeader(bits: BitReader): Av1Sequence {
  bits.skip(3 + 1); // profile, still image
  const isReduced = bits.flag();
  let timing = NO_TIMING;
  let timedOperatingPoints: number[] = [];
  if (isReduced) {
    bits.skip(5); // level
  } else {
    if (bits.flag()) timing = readTiming(bits);
    timedOperatingPoints = readOperatingPoints(bits, timing);
  }

  const widthBits = bits.read(4) + 1;
  const heightBits = bits.read(4) + 1;
  const maxFrame = { width: bits.read(widthBits) + 1, height: bits.read(heightBits) + 1 };
  let frameId: Av1Sequence["frameId"];
  if (!isReduced && bits.flag()) {
    const deltaBits = bits.read(4) + 2;
    frameId = { deltaBits, bits: bits.read(3) + 1 + deltaBits };
  }
  bits.skip(3); // superblock size, intra filter, intra edge filter
  return {
    maxFrame,
    widthBits,
    heightBits,
    isReduced,
    presentationTimeBits: timing.presentationTimeBits,
    removalTimeBits: timing.removalTimeBits,
    timedOperatingPoints,
    frameId,
    ...(isReduced
      ? { orderHintBits: 0, screenContentTools: EACH_FRAME_SAYS, integerMotion: EACH_FRAME_SAYS }
      : readTools(bits)),
  };
}

function readTiming(bits: BitReader): Timing {
  bits.skip(32 + 32); // units in a tick, ticks in a second
  const hasEqualIntervals = bits.flag();
  if (hasEqualIntervals) bits.skipVariableLength();
  if (!bits.flag()) return NO_TIMING; // no decoder model
  const delayBits = bits.read(5) + 1;
  bits.skip(32);
  const removalTimeBits = bits.read(5) + 1;
  const presentationTimeBits = bits.read(5) + 1;
  return {
    delayBits,
    removalTimeBits,
    presentationTimeBits: hasEqualIntervals ? 0 : presentationTimeBits,
  };
}

/** @returns the layers (`operating_point_idc`) of the points that have a decoder model */
function readOperatingPoints(bits: BitReader, timing: Timing): number[] {
  const hasDisplayDelay = bits.flag();
  const count = bits.read(5) + 1;
  const timed: number[] = [];
  for (let point = 0; point < count; point += 1) {
    const layers = bits.read(12);
    if (bits.read(5) > 7) bits.skip(1); // level, tier
    if (timing.removalTimeBits !== undefined && bits.flag()) {
      timed.push(layers);
      bits.skip(2 * timing.delayBits + 1);
    }
    if (hasDisplayDelay && bits.flag()) bits.skip(4);
  }
  return timed;
}

function readTools(
  bits: BitReader,
): Pick<Av1Sequence, "orderHintBits" | "screenContentTools" | "integerMotion"> {
  bits.skip(4); // compounds, warped motion, dual filter
  const hasOrderHint = bits.flag();
  if (hasOrderHint) bits.skip(2);
  const screenContentTools = bits.flag() ? EACH_FRAME_SAYS : bits.read(1);
  let integerMotion = EACH_FRAME_SAYS;
  if (screenContentTools > 0 && !bits.flag()) integerMotion = bits.read(1);
  return {
    screenContentTools,
    integerMotion,
    orderHintBits: hasOrderHint ? bits.read(3) + 1 : 0,
  };
}
