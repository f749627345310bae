/** Numbers that JPEG XL codes by how frequent they are. The kit reads them only to know where they end. */

import { AnsState, createAliasTable, readDistribution, readShort } from "./ans-code.ts";
import { exactly, type JxlBits } from "./bits.ts";
import { readPrefixCode, unreadableCode } from "./prefix-code.ts";

/** Returns the next number, which is coded as numbers of this context are. */
export type ReadNumber = (context: number) => number;

const LOG_PREFIX_ALPHABET = 15;
const LENGTH_LOG_ALPHABET = 8;
const MAX_CLUSTERS = 256;
const WINDOW = 2 ** 20;

/** How a symbol and bits after it make a number. */
interface NumberForm {
  /** Symbols below 2 to this power are the number itself. */
  readonly splitBits: number;
  readonly highBits: number;
  readonly lowBits: number;
}

interface Copying {
  /** Symbols from this one on are lengths of what is copied from before. */
  readonly from: number;
  readonly shortest: number;
  readonly form: NumberForm;
}

/** @param mayCopy false where copies would make a file that never ends its codes */
export function openEntropyStream(bits: JxlBits, contexts: number, mayCopy = true): ReadNumber {
  const copying = bits.flag() ? readCopying(bits) : undefined;
  if (copying && !mayCopy) throw unreadableCode();
  const all = contexts + (copying ? 1 : 0); // the last one is of distances
  const clusters = all > 1 ? readClusters(bits, all) : [0];
  const count = Math.max(...clusters) + 1;
  const usesPrefixCodes = bits.flag();
  const logAlphabet = usesPrefixCodes ? LOG_PREFIX_ALPHABET : bits.read(2) + 5;
  const forms = Array.from({ length: count }, () => readForm(bits, logAlphabet));
  const readSymbol = usesPrefixCodes
    ? openPrefixCodes(bits, count)
    : openAnsCodes(bits, count, logAlphabet);
  const readPlain = (cluster: number): number => finish(bits, readSymbol(cluster), forms[cluster]!);
  if (!copying) return (context) => readPlain(clusters[context]!);

  const distances = clusters.at(-1)!;
  const seen = new Uint32Array(WINDOW);
  let [position, left, source] = [0, 0, 0];
  const remember = (value: number): number => {
    seen[position % WINDOW] = value;
    position += 1;
    return value;
  };
  return (context) => {
    const cluster = clusters[context]!;
    if (left === 0) {
      const symbol = readSymbol(cluster);
      if (symbol < copying.from) return remember(finish(bits, symbol, forms[cluster]!));
      left = finish(bits, symbol - copying.from, copying.form) + copying.shortest;
      source = position - Math.min(readPlain(distances) + 1, position, WINDOW);
    }
    left -= 1;
    source += 1;
    return remember(seen[(source - 1) % WINDOW]!);
  };
}

function openPrefixCodes(bits: JxlBits, count: number): ReadNumber {
  const sizes = Array.from({ length: count }, () => readShort(bits, 4) + 1);
  if (sizes.some((size) => size > 2 ** LOG_PREFIX_ALPHABET)) throw unreadableCode();
  const codes = sizes.map((size) => readPrefixCode(bits, size));
  return (cluster) => codes[cluster]!(bits);
}

function openAnsCodes(bits: JxlBits, count: number, logAlphabet: number): ReadNumber {
  const tables = Array.from({ length: count }, () =>
    createAliasTable(readDistribution(bits), logAlphabet),
  );
  const state = new AnsState(bits);
  return (cluster) => state.read(bits, tables[cluster]!);
}

function readCopying(bits: JxlBits): Copying {
  return {
    from: bits.choose(exactly(224), exactly(512), exactly(4096), [15, 8]),
    shortest: bits.choose(exactly(3), exactly(4), [2, 5], [8, 9]),
    form: readForm(bits, LENGTH_LOG_ALPHABET),
  };
}

/** Which contexts share a code. */
function readClusters(bits: JxlBits, contexts: number): number[] {
  const isSimple = bits.flag();
  if (isSimple) {
    const size = bits.read(2);
    return Array.from({ length: contexts }, () => bits.read(size));
  }
  const isMovedToFront = bits.flag();
  const readNumber = openEntropyStream(bits, 1, contexts > 2);
  const clusters = Array.from({ length: contexts }, () => readNumber(0));
  if (clusters.some((cluster) => cluster >= MAX_CLUSTERS)) throw unreadableCode();
  return isMovedToFront ? moveBack(clusters) : clusters;
}

/** Each number is a place in a list; what is there moves to the front of the list. */
function moveBack(places: readonly number[]): number[] {
  const list = Array.from({ length: MAX_CLUSTERS }, (_, value) => value);
  return places.map((place) => {
    const [value] = list.splice(place, 1);
    list.unshift(value!);
    return value!;
  });
}

function readForm(bits: JxlBits, logAlphabet: number): NumberForm {
  const splitBits = bits.read(bitsFor(logAlphabet));
  if (splitBits === logAlphabet) return { splitBits, highBits: 0, lowBits: 0 };
  const highBits = bits.read(bitsFor(splitBits));
  if (highBits > splitBits) throw unreadableCode();
  const lowBits = bits.read(bitsFor(splitBits - highBits));
  if (highBits + lowBits > splitBits) throw unreadableCode();
  return { splitBits, highBits, lowBits };
}

/** How many bits a number up to `greatest` takes. */
function bitsFor(greatest: number): number {
  return Math.ceil(Math.log2(greatest + 1));
}

function finish(
  bits: JxlBits,
  symbol: number,
  { splitBits, highBits, lowBits }: NumberForm,
): number {
  const split = 2 ** splitBits;
  if (symbol < split) return symbol;
  const inSymbol = highBits + lowBits;
  const count = (splitBits - inSymbol + ((symbol - split) >> inSymbol)) & 31;
  const low = symbol & (2 ** lowBits - 1);
  const high = 2 ** highBits + ((symbol >> lowBits) & (2 ** highBits - 1));
  return ((high * 2 ** count + bits.read(count)) * 2 ** lowBits + low) % 2 ** 32;
}
