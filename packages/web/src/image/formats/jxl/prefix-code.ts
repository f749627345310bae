/** Prefix codes (Huffman codes) of JPEG XL, which are those of Brotli. */

import { malformedImage } from "../../image-errors.ts";
import type { JxlBits } from "./bits.ts";

/** Reads the next symbol. */
export type ReadSymbol = (bits: JxlBits) => number;

const MAX_LENGTH = 15;
const LENGTH_CODES = 18;
const LENGTH_CODE_ORDER = [1, 2, 3, 4, 0, 5, 17, 6, 16, 7, 8, 9, 10, 11, 12, 13, 14, 15];
const REPEAT_PREVIOUS = 16;
const USUAL_LENGTH = 8;

/** @param alphabet the number of symbols */
export function readPrefixCode(bits: JxlBits, alphabet: number): ReadSymbol {
  if (alphabet === 1) return () => 0;
  const skipped = bits.read(2);
  if (skipped === 1) return readSimpleCode(bits, alphabet);
  const lengthLengths = new Array<number>(LENGTH_CODES).fill(0);
  let space = 32;
  for (let at = skipped; at < LENGTH_CODES && space > 0; at += 1) {
    const length = readLengthLength(bits);
    lengthLengths[LENGTH_CODE_ORDER[at]!] = length;
    if (length > 0) space -= 32 >> length;
  }
  const used = lengthLengths.filter((length) => length > 0).length;
  if (used !== 1 && space !== 0) throw unreadableCode();
  return createReader(readLengths(bits, codeOf(lengthLengths), alphabet));
}

/** Up to four symbols, which are named. */
function readSimpleCode(bits: JxlBits, alphabet: number): ReadSymbol {
  const symbolBits = Math.ceil(Math.log2(alphabet));
  const count = bits.read(2) + 1;
  const symbols = Array.from({ length: count }, () => bits.read(symbolBits));
  if (new Set(symbols).size < count || symbols.some((symbol) => symbol >= alphabet))
    throw unreadableCode();
  const isDeep = count === 4 && bits.flag();
  const lengths = isDeep ? [1, 2, 3, 3] : [[0], [1, 1], [1, 2, 2], [2, 2, 2, 2]][count - 1]!;
  const coded = symbols.map((symbol, at) => ({ symbol, length: lengths[at]! }));
  return createReader(coded);
}

/** The code that is fixed for the lengths of the lengths. */
function readLengthLength(bits: JxlBits): number {
  const start = bits.read(2);
  if (start !== 3) return [0, 4, 3][start]!;
  if (!bits.flag()) return 2;
  return bits.flag() ? 5 : 1;
}

interface Coded {
  readonly symbol: number;
  readonly length: number;
}

function codeOf(lengths: readonly number[]): ReadSymbol {
  return createReader(
    lengths.map((length, symbol) => ({ symbol, length })).filter(({ length }) => length > 0),
  );
}

function readLengths(bits: JxlBits, readLength: ReadSymbol, alphabet: number): Coded[] {
  const coded: Coded[] = [];
  let [symbol, space, previous] = [0, 2 ** MAX_LENGTH, USUAL_LENGTH];
  let [repeats, repeated] = [0, 0];
  const put = (length: number, count: number): void => {
    if (symbol + count > alphabet) throw unreadableCode();
    if (length > 0) {
      for (let at = 0; at < count; at += 1) coded.push({ symbol: symbol + at, length });
      space -= count * 2 ** (MAX_LENGTH - length);
    }
    symbol += count;
  };
  while (symbol < alphabet && space > 0) {
    const length = readLength(bits);
    if (length < REPEAT_PREVIOUS) {
      repeats = 0;
      put(length, 1);
      if (length > 0) previous = length;
      continue;
    }
    const extra = length - 14;
    const next = length === REPEAT_PREVIOUS ? previous : 0;
    if (repeated !== next) [repeats, repeated] = [0, next];
    const before = repeats;
    repeats = (repeats > 0 ? (repeats - 2) * 2 ** extra : 0) + bits.read(extra) + 3;
    put(repeated, repeats - before);
  }
  if (space !== 0) throw unreadableCode();
  return coded;
}

/** Codes of one length are in the order of their symbols, and shorter codes come before longer ones. */
function createReader(coded: readonly Coded[]): ReadSymbol {
  const [only] = coded;
  if (!only) throw unreadableCode();
  if (coded.length === 1) return () => only.symbol;
  const counts = new Array<number>(MAX_LENGTH + 1).fill(0);
  for (const { length } of coded) counts[length]! += 1;
  const symbols = coded
    .toSorted((a, b) => a.length - b.length || a.symbol - b.symbol)
    .map(({ symbol }) => symbol);
  return (bits) => {
    let [code, first, index] = [0, 0, 0];
    for (let length = 1; length <= MAX_LENGTH; length += 1) {
      code += bits.read(1);
      const count = counts[length]!;
      if (code - first < count) return symbols[index + code - first]!;
      index += count;
      first = (first + count) * 2;
      code *= 2;
    }
    throw unreadableCode();
  };
}

export function unreadableCode(): Error {
  return malformedImage("jxl", "has a code that cannot be read");
}
