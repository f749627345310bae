/** The other code of JPEG XL: asymmetric numeral systems (ANS), with the tables of ISO/IEC 18181-1, annex C. */

import type { JxlBits } from "./bits.ts";
import { unreadableCode } from "./prefix-code.ts";

const LOG_RANGE = 12;
const RANGE = 2 ** LOG_RANGE;
/** Stands for a number of symbols that are as frequent as the one before. */
const REPEAT = 13;

/** How many bits a code has, and what it stands for, by the next 7 bits. All others are as 32, 16 or fewer places before. */
const LOG_COUNTS = logCounts();

function logCounts(): readonly (readonly [bits: number, value: number])[] {
  const usual = [
    [3, 10],
    [4, 4],
    [3, 7],
    [4, 3],
    [3, 6],
    [3, 8],
    [3, 9],
    [4, 5],
    [3, 10],
    [4, 4],
    [3, 7],
    [4, 1],
    [3, 6],
    [3, 8],
    [3, 9],
    [4, 2],
  ] as const;
  const table: (readonly [number, number])[] = Array.from(
    { length: 128 },
    (_, at) => usual[at % 16]!,
  );
  for (let at = 1; at < 128; at += 16)
    table[at] = at % 32 === 17 ? [5, 0] : at % 64 === 33 ? [6, 11] : at === 1 ? [7, 12] : [7, 13];
  return table;
}

/** How often each symbol occurs, of 4,096. */
export function readDistribution(bits: JxlBits): number[] {
  const isSimple = bits.flag();
  if (isSimple) return readSimple(bits);
  const isFlat = bits.flag();
  if (isFlat) {
    const count = readByte(bits) + 1;
    const rest = RANGE % count;
    return Array.from(
      { length: count },
      (_, at) => Math.floor(RANGE / count) + (at < rest ? 1 : 0),
    );
  }
  return readCounts(bits);
}

function readSimple(bits: JxlBits): number[] {
  const isPair = bits.flag();
  const [one, other] = [readByte(bits), isPair ? readByte(bits) : undefined];
  const counts = new Array<number>(Math.max(one, other ?? 0) + 1).fill(0);
  if (other === undefined) counts[one] = RANGE;
  else {
    if (one === other) throw unreadableCode();
    counts[one] = bits.read(LOG_RANGE);
    counts[other] = RANGE - counts[one];
  }
  return counts;
}

function readCounts(bits: JxlBits): number[] {
  let log = 0;
  while (log < 3 && bits.flag()) log += 1;
  const shift = bits.read(log) + 2 ** log - 1;
  if (shift > LOG_RANGE + 1) throw unreadableCode();
  const length = readByte(bits) + 3;

  const logs = new Array<number>(length).fill(0);
  const repeats = new Map<number, number>();
  let rest = -1; // the symbol that has what the others leave
  for (let symbol = 0; symbol < length; symbol += 1) {
    const value = readLogCount(bits);
    if (value === REPEAT) {
      const count = readByte(bits) + 4;
      repeats.set(symbol, count);
      symbol += count - 1;
      continue;
    }
    logs[symbol] = value;
    if (rest < 0 || value > logs[rest]!) rest = symbol;
  }
  if (rest < 0) throw unreadableCode();

  const counts = new Array<number>(length).fill(0);
  let total = 0;
  for (let symbol = 0; symbol < length; symbol += 1) {
    const repeated = repeats.get(symbol);
    if (repeated !== undefined) {
      const previous = symbol > 0 ? counts[symbol - 1]! : 0;
      const end = Math.min(symbol + repeated, length);
      for (; symbol < end; symbol += 1) {
        counts[symbol] = previous;
        total += previous;
      }
      symbol -= 1;
    } else if (symbol !== rest) {
      counts[symbol] = readCount(bits, logs[symbol]!, shift);
      total += counts[symbol]!;
    }
  }
  counts[rest] = RANGE - total;
  if (counts[rest]! <= 0) throw unreadableCode();
  return counts;
}

function readLogCount(bits: JxlBits): number {
  const [length, value] = LOG_COUNTS[bits.peek(7)]!;
  bits.skip(length);
  return value;
}

function readCount(bits: JxlBits, log: number, shift: number): number {
  if (log <= 1) return log;
  const places = log - 1;
  const precision = Math.min(Math.max(0, shift - ((LOG_RANGE - places) >> 1)), places);
  return 2 ** places + bits.read(precision) * 2 ** (places - precision);
}

/** A number up to 255. */
function readByte(bits: JxlBits): number {
  return readShort(bits, 3);
}

/** @param lengthBits how many bits say how long the number is */
export function readShort(bits: JxlBits, lengthBits: number): number {
  if (!bits.flag()) return 0;
  const length = bits.read(lengthBits);
  return 2 ** length + bits.read(length);
}

/** Which symbol a state stands for, and what is left of the state. */
export interface AliasTable {
  readonly logBucket: number;
  /** From here on, a bucket belongs to its second symbol. */
  readonly cutoffs: Uint16Array;
  readonly symbols: Uint8Array;
  readonly offsets: Uint16Array;
  readonly counts: Uint16Array;
}

/** @param logAlphabet two to this power is the greatest number of symbols */
export function createAliasTable(distribution: readonly number[], logAlphabet: number): AliasTable {
  const size = 2 ** logAlphabet;
  if (distribution.length > size) throw unreadableCode();
  const logBucket = LOG_RANGE - logAlphabet;
  const bucket = 2 ** logBucket;
  const counts = new Uint16Array(size);
  counts.set(distribution);
  const [cutoffs, symbols, offsets] = [
    new Uint16Array(size),
    new Uint8Array(size),
    new Uint16Array(size),
  ];
  const table = { logBucket, cutoffs, symbols, offsets, counts };
  const only = distribution.indexOf(RANGE);
  if (only >= 0) {
    for (let at = 0; at < size; at += 1) [symbols[at], offsets[at]] = [only, bucket * at];
    return table;
  }
  cutoffs.set(distribution);
  const [over, under]: [number[], number[]] = [[], []];
  for (const [at, count] of cutoffs.entries()) {
    if (count > bucket) over.push(at);
    else if (count < bucket) under.push(at);
  }
  for (let from = over.pop(); from !== undefined; from = over.pop()) {
    const to = under.pop();
    if (to === undefined) throw unreadableCode();
    cutoffs[from]! -= bucket - cutoffs[to]!;
    symbols[to] = from;
    offsets[to] = cutoffs[from]!;
    if (cutoffs[from]! < bucket) under.push(from);
    else if (cutoffs[from]! > bucket) over.push(from);
  }
  for (let at = 0; at < size; at += 1) {
    if (cutoffs[at] === bucket) [symbols[at], offsets[at], cutoffs[at]] = [at, 0, 0];
    else offsets[at]! -= cutoffs[at]!;
  }
  return table;
}

/** Reads symbols of several distributions, which share one state. */
export class AnsState {
  /** In an array of its own, because a number over 31 bits is slow in a field. */
  readonly #state = new Uint32Array(1);

  constructor(bits: JxlBits) {
    this.#state[0] = bits.read(32);
  }

  read(bits: JxlBits, { logBucket, cutoffs, symbols, offsets, counts }: AliasTable): number {
    const state = this.#state[0]!;
    const low = state & (RANGE - 1);
    const bucket = low >>> logBucket;
    const place = low & ((1 << logBucket) - 1);
    const isSecond = place >= cutoffs[bucket]!;
    const symbol = isSecond ? symbols[bucket]! : bucket;
    const offset = isSecond ? offsets[bucket]! + place : place;
    const next = counts[symbol]! * (state >>> LOG_RANGE) + offset;
    this.#state[0] = next < 0x1_0000 ? next * 0x1_0000 + bits.read(16) : next;
    return symbol;
  }
}
