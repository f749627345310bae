/** The colour profile (ICC) in a JPEG XL stream. It is coded byte by byte, so that only reading it tells where it ends. */

import { malformedImage } from "../../image-errors.ts";
import type { JxlBits } from "./bits.ts";
import { openEntropyStream } from "./entropy-stream.ts";

const CONTEXTS = 41;
const HEADER_BYTES = 128;

/** Profiles of printers have up to 3 MB. */
const MAX_BYTES = 4 * 2 ** 20;

/** A byte of the file may stand for so many of the profile; libjxl has the same limit. */
const MAX_RATIO = 256;
const CHECKED_EVERY = 2 ** 16;

export function skipColourProfile(bits: JxlBits): void {
  const start = bits.byte;
  const length = bits.long();
  if (length > MAX_BYTES) throw malformedImage("jxl", "has a colour profile that is too large");
  const readNumber = openEntropyStream(bits, CONTEXTS);
  let [last, before] = [0, 0];
  for (let at = 0; at < length; at += 1) {
    if (at % CHECKED_EVERY === 0 && at > MAX_RATIO * (bits.byte - start)) {
      throw malformedImage("jxl", "has a colour profile that is too large");
    }
    const context = at <= HEADER_BYTES ? 0 : 1 + CLASSES[last]! + 8 * CLASSES_BEFORE[before]!;
    const value = readNumber(context) & 0xff;
    [before, last] = [last, value];
  }
}

const CLASSES = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (isLetter(byte)) return 0;
  if (isOfNumber(byte)) return 1;
  if (byte <= 1) return byte + 2;
  if (byte < 16) return 4;
  if (byte === 255) return 6;
  return byte > 240 ? 5 : 7;
});

const CLASSES_BEFORE = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (isLetter(byte)) return 0;
  if (isOfNumber(byte)) return 1;
  if (byte < 16) return 2;
  return byte > 240 ? 3 : 4;
});

function isLetter(byte: number): boolean {
  return /[a-z]/i.test(String.fromCharCode(byte));
}

function isOfNumber(byte: number): boolean {
  return /[0-9.,]/.test(String.fromCharCode(byte));
}
