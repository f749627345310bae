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
  /** How many samples a frame has for each pixel. */
  readonly samples: number;
  /** How many bytes a decoder keeps for each sample. */
  readonly sampleBytes: number;
}

const EACH_FRAME_SAYS = 2;

interface Timing {
  readonly presentationTimeBits: number;
  readonly delayBits: number;
  readonly removalTimeBits: number | undefined;
}

const NO_TIMING: Timing = { presentationTimeBits: 0, delayBits: 0, removalTimeBits: undefined };

/** Reads `sequence_header_obu` (AV1, 5.5): what a frame's size and memory depend on. */
export function readAv1SequenceHeader(bits: BitReader): Av1Sequence {
  const profile = bits.read(3);
  bits.skip(1); // still image
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
  const tools = isReduced
    ? { orderHintBits: 0, screenContentTools: EACH_FRAME_SAYS, integerMotion: EACH_FRAME_SAYS }
    : readTools(bits);
  bits.skip(3); // super-resolution, two filters
  return {
    maxFrame,
    widthBits,
    heightBits,
    isReduced,
    presentationTimeBits: timing.presentationTimeBits,
    removalTimeBits: timing.removalTimeBits,
    timedOperatingPoints,
    frameId,
    ...tools,
    ...readColours(bits, profile),
  };
}

/** Profiles: 0 has colours at half the size in both directions, 1 at full size, 2 has all forms. */
const FULL_COLOURS = 1;
const ALL_FORMS = 2;
/** Primaries, transfer and matrix of sRGB that is stored as red, green and blue. */
const SRGB = [1, 13, 0] as const;

/** Reads `color_config`, and whether grain is added, for which a decoder keeps a second frame. */
function readColours(
  bits: BitReader,
  profile: number,
): Pick<Av1Sequence, "samples" | "sampleBytes"> {
  const isDeep = bits.flag();
  const isTwelveBits = isDeep && profile === ALL_FORMS && bits.flag();
  const isGrey = profile !== FULL_COLOURS && bits.flag();
  const description = bits.flag() ? [bits.read(8), bits.read(8), bits.read(8)] : [];
  let samples = 1;
  if (isGrey)
    bits.skip(1); // range
  else if (SRGB.every((value, index) => value === description[index])) {
    samples = 3;
    bits.skip(1); // quantizers of the two colours
  } else {
    bits.skip(1); // range
    samples = readSamples(bits, profile, isTwelveBits);
    if (samples === 1.5) bits.skip(2); // place of the colours
    bits.skip(1); // quantizers of the two colours
  }
  const hasGrain = bits.flag();
  return { samples, sampleBytes: (isDeep ? 2 : 1) * (hasGrain ? 2 : 1) };
}

/** The samples for each pixel. */
function readSamples(bits: BitReader, profile: number, isTwelveBits: boolean): number {
  if (profile === FULL_COLOURS) return 3;
  if (profile !== ALL_FORMS) return 1.5;
  if (!isTwelveBits) return 2;
  const isHalfWide = bits.flag();
  if (!isHalfWide) return 3;
  return bits.flag() ? 1.5 : 2;
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
