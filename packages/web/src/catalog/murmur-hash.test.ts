import fc from "fast-check";
import { expect, it } from "vitest";
import { murmurHash3, toUtf8 } from "./murmur-hash.ts";

it.each([
  // https://stackoverflow.com/questions/14747343/murmurhash3-test-vectors
  ["", 0, 0x00000000],
  ["", 1, 0x514e28b7],
  ["", 0xffffffff, 0x81f16f39],
  ["\0\0\0\0", 0, 0x2362f9de],
  ["test", 0, 0xba6bd213],
  ["test", 0x9747b28c, 0x704b81dc],
  ["aaa", 0x9747b28c, 0x283e0130],
  ["aa", 0x9747b28c, 0x5d211726],
  ["a", 0x9747b28c, 0x7fa09ea6],
  ["Hello, world!", 0, 0xc0363e43],
  ["Hello, world!", 0x9747b28c, 0x24884cba],
  ["ππππππππ", 0x9747b28c, 0xd58063c1],
  ["The quick brown fox jumps over the lazy dog", 0, 0x2e4ff723],
  ["The quick brown fox jumps over the lazy dog", 0x9747b28c, 0x2fa826cd],
])("hashes %j with seed %i as the reference does", (text, seed, hash) => {
  expect(murmurHash3(text, seed)).toBe(hash);
});

it("hashes the UTF-8 of any text, whole characters or not", () => {
  const text = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.array(fc.integer({ max: 0xffff, min: 0 })).map((units) => String.fromCharCode(...units)),
    fc.constantFrom("\u007f\u0080", "\u07ff\u0800", "\uffff\u{10000}", "\u{10ffff}", "\ud800a"),
  );
  fc.assert(
    fc.property(text, (given) => {
      expect(toUtf8(given)).toEqual([...new TextEncoder().encode(given)]);
    }),
    { numRuns: 300 },
  );
});

it("turns about half of its bits when one bit of the text turns", () => {
  for (let bit = 0; bit < 7; bit++) {
    let turned = 0;
    for (let id = 0; id < 2000; id++) {
      const before = murmurHash3(`user-${String(id)}-a`);
      const after = murmurHash3(`user-${String(id)}-${String.fromCharCode(97 ^ (1 << bit))}`);
      for (let rest = before ^ after; rest !== 0; rest &= rest - 1) turned++;
    }
    expect(turned / 2000, `bit ${bit}`).toBeGreaterThan(15.5);
    expect(turned / 2000, `bit ${bit}`).toBeLessThan(16.5);
  }
});
