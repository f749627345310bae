/** The header of a frame in a JPEG XL stream: all of it is read, to know where its data begins and how large it is. */

import { malformedImage } from "../../image-errors.ts";
import type { Size } from "../size.ts";
import { exactly, type Form, type JxlBits } from "./bits.ts";
import type { JxlImage } from "./image-header.ts";

export interface JxlFrame {
  /** What a decoder makes of it. */
  readonly size: Size;
  /** Whether it completes an image: the last one, or one of an animation that stays for a time. */
  readonly isShown: boolean;
  readonly isLast: boolean;
  /** How many parts its data has. */
  readonly sections: number;
}

const DC = 1;
const REFERENCE_ONLY = 2;
const USES_DC_FRAME = 32;
const MAX_BLEND_MODE = 4;
const REPLACE = 0;
const USUAL_GROUP_SIDE = 256;

const FACTOR: readonly [Form, Form, Form, Form] = [exactly(1), exactly(2), exactly(4), exactly(8)];
const UP_TO_3: readonly [Form, Form, Form, Form] = [exactly(0), exactly(1), exactly(2), exactly(3)];
const LENGTH: readonly [Form, Form, Form, Form] = [
  [8, 0],
  [11, 256],
  [14, 2304],
  [30, 18_688],
];

/** @param whole the size of a frame that gives itself none */
export function readJxlFrame(bits: JxlBits, image: JxlImage, whole: Size): JxlFrame {
  if (bits.flag()) {
    const sections = countSections({
      ...whole,
      upsampling: 1,
      groupSide: USUAL_GROUP_SIDE,
      passes: 1,
      shift: [0, 0],
    });
    return { size: whole, isShown: true, isLast: true, sections };
  }
  const type = bits.read(2);
  const isRegular = type !== DC && type !== REFERENCE_ONLY;
  const isModular = bits.flag();
  const flags = bits.long();
  const usesDcFrame = Math.floor(flags / USES_DC_FRAME) % 2 === 1;
  const hasChroma = !image.isXyb && bits.flag();
  const shift = hasChroma && !usesDcFrame ? readChromaShift(bits) : ([0, 0] as const);
  let upsampling = 1;
  if (!usesDcFrame) {
    upsampling = bits.choose(...FACTOR);
    for (let channel = 0; channel < image.extraChannels; channel += 1) bits.choose(...FACTOR);
  }
  const groupSide = isModular ? 128 << bits.read(2) : USUAL_GROUP_SIDE;
  if (!isModular && image.isXyb) bits.skip(6);
  const passes = type === REFERENCE_ONLY ? 1 : readPasses(bits);
  const level = type === DC ? bits.read(2) + 1 : 0;
  const { isPartial, ...own } =
    type === DC ? { ...whole, isPartial: false } : readCrop(bits, isRegular, whole);
  const size = {
    width: Math.ceil(own.width / 8 ** level),
    height: Math.ceil(own.height / 8 ** level),
  };

  let duration = 0;
  let isLast = false;
  let isReplaced = true;
  if (isRegular) {
    isReplaced = readBlending(bits, image, isPartial) === REPLACE;
    for (let channel = 0; channel < image.extraChannels; channel += 1)
      readBlending(bits, image, isPartial);
    if (image.hasAnimation) {
      duration = bits.choose(exactly(0), exactly(1), [8, 0], [32, 0]);
      if (image.hasTimecodes) bits.skip(32);
    }
    isLast = bits.flag();
  }
  const reference = type !== DC && !isLast ? bits.choose(...UP_TO_3) : 0;
  const canBeReferenced = !isLast && (duration === 0 || reference !== 0);
  if (type === REFERENCE_ONLY || (isRegular && canBeReferenced && isReplaced && !isPartial))
    bits.skip(1);
  bits.skipName();
  skipFilters(bits, isModular);
  bits.skipExtensions();
  return {
    size,
    isShown: isLast || duration > 0,
    isLast,
    sections: countSections({ ...size, upsampling, groupSide, passes, shift }),
  };
}

/** By how many powers of two the colours are smaller, at most: across and down. */
function readChromaShift(bits: JxlBits): readonly [across: number, down: number] {
  const modes = [bits.read(2), bits.read(2), bits.read(2)];
  return [
    modes.some((mode) => mode === 1 || mode === 2) ? 1 : 0,
    modes.some((mode) => mode === 1 || mode === 3) ? 1 : 0,
  ];
}

function readPasses(bits: JxlBits): number {
  const passes = bits.choose(exactly(1), exactly(2), exactly(3), [3, 4]);
  if (passes === 1) return passes;
  const smaller = bits.choose(exactly(0), exactly(1), exactly(2), [1, 3]);
  bits.skip(2 * (passes - 1));
  for (let pass = 0; pass < smaller; pass += 1) bits.choose(...FACTOR);
  for (let pass = 0; pass < smaller; pass += 1)
    bits.choose(exactly(0), exactly(1), exactly(2), [3, 0]);
  return passes;
}

/** The frame's own size, and whether it leaves a part of the image uncovered. */
function readCrop(
  bits: JxlBits,
  hasPlace: boolean,
  whole: Size,
): Size & { readonly isPartial: boolean } {
  if (!bits.flag()) return { ...whole, isPartial: false };
  const left = hasPlace ? toSigned(bits.choose(...LENGTH)) : 0;
  const top = hasPlace ? toSigned(bits.choose(...LENGTH)) : 0;
  const width = bits.choose(...LENGTH);
  const height = bits.choose(...LENGTH);
  const isPartial =
    hasPlace && (left > 0 || top > 0 || width + left < whole.width || height + top < whole.height);
  return { width: width || whole.width, height: height || whole.height, isPartial };
}

function toSigned(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

/** Returns the mode. */
function readBlending(bits: JxlBits, { extraChannels }: JxlImage, isPartial: boolean): number {
  const mode = bits.choose(exactly(0), exactly(1), exactly(2), [2, 3]);
  if (mode > MAX_BLEND_MODE) throw malformedImage("jxl", "has a frame of unknown form");
  const usesAlpha = extraChannels > 0 && (mode === 2 || mode === 3);
  if (usesAlpha) bits.choose(exactly(0), exactly(1), exactly(2), [3, 3]);
  if (usesAlpha || mode === MAX_BLEND_MODE) bits.skip(1);
  if (mode !== REPLACE || isPartial) bits.skip(2);
  return mode;
}

function skipFilters(bits: JxlBits, isModular: boolean): void {
  if (bits.flag()) return; // all as usual
  if (bits.flag() && bits.flag()) bits.skipHalves(6);
  const edgeSteps = bits.read(2);
  if (edgeSteps > 0) {
    if (!isModular && bits.flag()) bits.skipHalves(8);
    if (bits.flag()) bits.skipHalves(5);
    if (bits.flag()) bits.skipHalves(isModular ? 3 : 4);
    if (isModular) bits.skipHalves(1);
  }
  bits.skipExtensions();
}

interface Layout extends Size {
  readonly upsampling: number;
  readonly groupSide: number;
  readonly passes: number;
  readonly shift: readonly [across: number, down: number];
}

/** A small frame has one section. Others have two for the whole, one for each large group, and one for each group and pass. */
function countSections({ width, height, upsampling, groupSide, passes, shift }: Layout): number {
  const across = Math.ceil(width / upsampling);
  const down = Math.ceil(height / upsampling);
  const groups = Math.ceil(across / groupSide) * Math.ceil(down / groupSide);
  if (groups === 1 && passes === 1) return 1;
  const largeGroups = [across, down].map((side, axis) => {
    const factor = 2 ** shift[axis]!;
    return Math.ceil((Math.ceil(side / (8 * factor)) * factor) / groupSide);
  });
  return 2 + largeGroups[0]! * largeGroups[1]! + groups * passes;
}
