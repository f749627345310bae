/**
 * Walks over the frames of a JPEG XL stream that make its first image, and finds the largest. A decoder makes each frame
 * whole before it cuts the image out of them: 16,000 × 16,000 pixels behind a header of 64 × 64 took 17 s and 1.1 GB.
 */

import { malformedImage } from "../../image-errors.ts";
import { cover, type Size } from "../size.ts";
import type { JxlBits } from "./bits.ts";
import { openEntropyStream } from "./entropy-stream.ts";
import { readJxlFrame } from "./frame-header.ts";
import type { JxlImage } from "./image-header.ts";
import { skipColourProfile } from "./colour-profile.ts";

export interface JxlFrames {
  /** Covers the image and each frame. */
  readonly decoded: Size;
  readonly count: number;
}

/** No decoder makes more pixels, and so nobody reads the lengths of so many parts. */
const MAX_SECTIONS = 250_000;

/** As many as any limit allows. */
const MAX_FRAMES = 1000;

/** @param bits after the image's header */
export function readJxlFrames(bits: JxlBits, image: JxlImage, length: number): JxlFrames {
  if (image.hasProfile) skipColourProfile(bits);
  bits.toByte(bits.byte);
  let decoded: Size = image;
  let count = 0;
  if (image.preview) {
    const preview = readJxlFrame(bits, image, image.preview);
    decoded = cover(decoded, preview.size);
    skipFrameData(bits, preview.sections);
  }
  while (bits.byte < length) {
    const frame = readJxlFrame(bits, image, image);
    count += 1;
    decoded = cover(decoded, frame.size);
    if (frame.isShown || count >= MAX_FRAMES || frame.sections > MAX_SECTIONS) break;
    skipFrameData(bits, frame.sections);
  }
  return { decoded: { width: decoded.width, height: decoded.height }, count };
}

const ORDER_CONTEXTS = 8;

/** Reads the lengths of a frame's parts, and goes past them. */
export function skipFrameData(bits: JxlBits, sections: number): void {
  if (sections > MAX_SECTIONS) throw malformedImage("jxl", "has too many parts");
  const isReordered = bits.flag();
  if (isReordered) skipOrder(bits, sections);
  bits.toByte(bits.byte);
  let length = 0;
  for (let section = 0; section < sections; section += 1) {
    length += bits.choose([10, 0], [14, 1024], [22, 17_408], [30, 4_211_712]);
  }
  bits.toByte(bits.byte + length);
}

function skipOrder(bits: JxlBits, sections: number): void {
  const readNumber = openEntropyStream(bits, ORDER_CONTEXTS);
  const contextOf = (value: number): number =>
    Math.min(Math.ceil(Math.log2(value + 1)), ORDER_CONTEXTS - 1);
  const count = readNumber(contextOf(sections));
  if (count > sections) throw malformedImage("jxl", "has parts in an order that cannot be");
  for (let at = 0, last = 0; at < count; at += 1) last = readNumber(contextOf(last));
}
