/**
 * MurmurHash3_x86_32 by Austin Appleby, public domain
 * (https://github.com/aappleby/smhasher/blob/master/src/MurmurHash3.cpp), over the text's UTF-8.
 * Libraries of most languages have it, so that a server can compute the same.
 */

/** An integer from 0 to 2³² - 1, the same for the same text everywhere. Not for secrets. */
export function murmurHash3(text: string, seed = 0): number {
  const bytes = toUtf8(text);
  const blocksEnd = bytes.length & ~3;
  let hash = seed;
  for (let at = 0; at < blocksEnd; at += 4) {
    hash = rotateLeft(hash ^ mixBlock(readBlock(bytes, at, 4)), 13);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  if (blocksEnd < bytes.length) hash ^= mixBlock(readBlock(bytes, blocksEnd, bytes.length & 3));
  hash ^= bytes.length;
  // This is fmix32 of the original source. It lets every bit of the input change every bit of the hash.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function mixBlock(block: number): number {
  return Math.imul(rotateLeft(Math.imul(block, 0xcc9e2d51), 15), 0x1b873593);
}

/** A number from up to four bytes, the lowest byte first. */
function readBlock(bytes: readonly number[], at: number, count: number): number {
  let block = 0;
  for (let index = 0; index < count; index++) block |= bytes[at + index]! << (8 * index);
  return block;
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

/** Does the same as `TextEncoder`, which pure code does not have. Lone surrogates become U+FFFD. */
export function toUtf8(text: string): number[] {
  const bytes: number[] = [];
  for (const character of text) {
    let code = character.codePointAt(0)!;
    if (code >= 0xd800 && code <= 0xdfff) code = 0xfffd;
    if (code < 0x80) bytes.push(code);
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), tail(code));
    else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), tail(code >> 6), tail(code));
    else bytes.push(0xf0 | (code >> 18), tail(code >> 12), tail(code >> 6), tail(code));
  }
  return bytes;
}

const tail = (bits: number): number => 0x80 | (bits & 0x3f);
