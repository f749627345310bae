/** The start of a JPEG XL stream: size and description of the image. Names are those of ISO/IEC 18181-1. */

import { malformedImage } from "../../image-errors.ts";
import type { Size } from "../size.ts";
import { exactly, type Form, type JxlBits } from "./bits.ts";

export interface JxlImage extends Size {
  /** 1 to 8, as in EXIF. */
  readonly orientation: number;
  readonly preview: Size | undefined;
  readonly hasAnimation: boolean;
  readonly hasTimecodes: boolean;
  readonly extraChannels: number;
  /** Whether colours are those of the eye, with light apart from colour. */
  readonly isXyb: boolean;
  /** Whether a colour profile follows. */
  readonly hasProfile: boolean;
}

/** Width to height, by the number in the file; 0 means that the width is given. */
const RATIOS = [undefined, 1, 12 / 10, 4 / 3, 3 / 2, 16 / 9, 5 / 4, 2] as const;

/** More are possible, and none of them is shown. */
const MAX_EXTRA_CHANNELS = 256;

export function readJxlImage(bits: JxlBits): JxlImage {
  const size = readSize(bits);
  const plain: Omit<JxlImage, "width" | "height"> = {
    orientation: 1,
    preview: undefined,
    hasAnimation: false,
    hasTimecodes: false,
    extraChannels: 0,
    isXyb: true,
    hasProfile: false,
  };
  const image = bits.flag() ? { ...size, ...plain } : { ...size, ...readMetadata(bits) };
  skipTransformData(bits, image.isXyb);
  return image;
}

function readSize(bits: JxlBits): Size {
  const isSmall = bits.flag();
  const readSide = (): number =>
    isSmall ? (bits.read(5) + 1) * 8 : bits.choose([9, 1], [13, 1], [18, 1], [30, 1]);
  return readSides(bits, readSide);
}

function readPreviewSize(bits: JxlBits): Size {
  const isSmall = bits.flag();
  const readSide = (): number =>
    isSmall
      ? 8 * bits.choose(exactly(16), exactly(32), [5, 1], [9, 33])
      : bits.choose([6, 1], [8, 65], [10, 321], [12, 1345]);
  return readSides(bits, readSide);
}

function readSides(bits: JxlBits, readSide: () => number): Size {
  const height = readSide();
  const ratio = RATIOS[bits.read(3)];
  return { height, width: ratio === undefined ? readSide() : Math.floor(height * ratio) };
}

function readMetadata(bits: JxlBits): Omit<JxlImage, "width" | "height"> {
  let orientation = 1;
  let preview: Size | undefined;
  let hasAnimation = false;
  let hasTimecodes = false;
  const hasMore = bits.flag();
  if (hasMore) {
    orientation = bits.read(3) + 1;
    if (bits.flag()) readSize(bits); // the size to show it in
    if (bits.flag()) preview = readPreviewSize(bits);
    hasAnimation = bits.flag();
    if (hasAnimation) hasTimecodes = readAnimation(bits);
  }
  skipBitDepth(bits);
  bits.skip(1); // whether 16 bits are enough for samples
  const extraChannels = bits.choose(exactly(0), exactly(1), [4, 2], [12, 1]);
  if (extraChannels > MAX_EXTRA_CHANNELS) throw malformedImage("jxl", "has too many channels");
  for (let channel = 0; channel < extraChannels; channel += 1) skipExtraChannel(bits);
  const isXyb = bits.flag();
  const hasProfile = readHasProfile(bits);
  if (hasMore && !bits.flag()) bits.skip(16 * 2 + 1 + 16); // how bright it is
  bits.skipExtensions();
  return { orientation, preview, hasAnimation, hasTimecodes, extraChannels, isXyb, hasProfile };
}

/** Returns whether frames have time codes. */
function readAnimation(bits: JxlBits): boolean {
  bits.choose(exactly(100), exactly(1000), [10, 1], [30, 1]);
  bits.choose(exactly(1), exactly(1001), [8, 1], [10, 1]);
  bits.choose(exactly(0), [3, 0], [16, 0], [32, 0]); // loops
  return bits.flag();
}

function skipBitDepth(bits: JxlBits): void {
  const isFloat = bits.flag();
  if (!isFloat) {
    bits.choose(exactly(8), exactly(10), exactly(12), [6, 1]);
    return;
  }
  bits.choose(exactly(32), exactly(16), exactly(24), [6, 1]);
  bits.skip(4);
}

const ALPHA = 0;
const SPOT_COLOUR = 2;
const FILTER_ARRAY = 5;

function skipExtraChannel(bits: JxlBits): void {
  if (bits.flag()) return; // all as usual
  const kind = bits.kind();
  skipBitDepth(bits);
  bits.choose(exactly(0), exactly(3), exactly(4), [3, 1]);
  bits.skipName();
  if (kind === ALPHA) bits.skip(1);
  if (kind === SPOT_COLOUR) bits.skipHalves(4);
  if (kind === FILTER_ARRAY) bits.choose(exactly(1), [2, 0], [4, 3], [8, 19]);
}

const GREY = 1;
const XYB = 2;
const CUSTOM = 2;

/** Returns whether the colours are described by a profile. */
function readHasProfile(bits: JxlBits): boolean {
  if (bits.flag()) return false; // sRGB
  const hasProfile = bits.flag();
  const space = bits.kind();
  if (hasProfile) return true;
  if (space !== XYB) {
    if (bits.kind() === CUSTOM) skipPoints(bits, 1); // white
    if (space !== GREY && bits.kind() === CUSTOM) skipPoints(bits, 3); // primaries
    if (bits.flag())
      bits.skip(24); // a gamma
    else bits.kind();
  }
  bits.kind(); // rendering intent
  return false;
}

const COORDINATE: readonly [Form, Form, Form, Form] = [
  [19, 0],
  [19, 524_288],
  [20, 1_048_576],
  [21, 2_097_152],
];

function skipPoints(bits: JxlBits, count: number): void {
  for (let coordinate = 0; coordinate < 2 * count; coordinate += 1) bits.choose(...COORDINATE);
}

/** How many weights each kind of upsampling has. */
const UPSAMPLING_WEIGHTS = [15, 55, 210];

function skipTransformData(bits: JxlBits, isXyb: boolean): void {
  if (bits.flag()) return; // all as usual
  if (isXyb && !bits.flag()) bits.skipHalves(16);
  const mask = bits.read(3);
  for (const [kind, weights] of UPSAMPLING_WEIGHTS.entries()) {
    if ((mask >> kind) & 1) bits.skipHalves(weights);
  }
}
