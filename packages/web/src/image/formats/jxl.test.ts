import { describe, expect, it } from "vitest";
import { bytesOf, isoBox } from "../fixtures/craft.ts";
import { readJxlHeader } from "./jxl.ts";

/** A stream's start of these fields: value and number of bits, from the least significant bit on. */
function stream(...fields: readonly (readonly [value: number, bits: number])[]): number[] {
  const bits = fields.flatMap(([value, count]) =>
    Array.from({ length: count }, (_, bit) => Math.floor(value / 2 ** bit) & 1),
  );
  const bytes = new Array<number>(Math.ceil(bits.length / 8)).fill(0);
  for (const [at, bit] of bits.entries()) bytes[at >> 3]! |= bit << (at & 7);
  return [0xff, 0x0a, ...bytes];
}

const NO_RATIO = [0, 3] as const;
const ALL_DEFAULT = [1, 1] as const;

describe("readJxlHeader", () => {
  it("reads small sizes, large sizes and ratios", () => {
    const small = stream([1, 1], [31, 5], [1, 3], ALL_DEFAULT);
    expect(readJxlHeader(bytesOf(small))).toMatchObject({ width: 256, height: 256 });
    const large = stream([0, 1], [3, 2], [65_534, 30], NO_RATIO, [1, 2], [999, 13], ALL_DEFAULT);
    expect(readJxlHeader(bytesOf(large))).toMatchObject({ width: 1000, height: 65_535 });
    const wide = stream([0, 1], [0, 2], [89, 9], [5, 3], ALL_DEFAULT);
    expect(readJxlHeader(bytesOf(wide))).toMatchObject({ width: 160, height: 90 });
  });

  it("turns the sides as the file asks", () => {
    const turned = stream([0, 1], [0, 2], [89, 9], [5, 3], [0, 1], [1, 1], [5, 3]);
    expect(readJxlHeader(bytesOf(turned))).toMatchObject({ width: 90, height: 160 });
  });

  it("finds the stream in boxes, whole or in parts", () => {
    const bare = stream([1, 1], [3, 5], [7, 3], ALL_DEFAULT);
    const start = isoBox("JXL ", [0x0d, 0x0a, 0x87, 0x0a]);
    const whole = bytesOf(
      start,
      isoBox("ftyp", [...bytesOf("jxl \0\0\0\0jxl ")]),
      isoBox("jxlc", bare),
    );
    expect(readJxlHeader(whole)).toMatchObject({ width: 64, height: 32 });
    const parts = bytesOf(start, isoBox("jxlp", [0, 0, 0, 0], bare));
    expect(readJxlHeader(parts)).toMatchObject({ width: 64, height: 32 });
    expect(() => readJxlHeader(bytesOf(start))).toThrow("ends before");
  });
});
