import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { bytesOf, isoBox } from "../fixtures/craft.ts";
import { JxlBits } from "./jxl/bits.ts";
import { skipColourProfile } from "./jxl/colour-profile.ts";
import { readJxlFrame } from "./jxl/frame-header.ts";
import { skipFrameData } from "./jxl/frames.ts";
import { readJxlImage } from "./jxl/image-header.ts";
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

type Field = readonly [value: number, bits: number];

const NO_RATIO = [0, 3] as const;
const ALL_DEFAULT = [1, 1] as const;
/** No other size, preview or animation; 8 bits, one buffer, no more channels, XYB, sRGB, usual light, and nothing later. */
const TURNED_REST: readonly Field[] = [
  ...([
    [0, 3],
    [0, 3],
    [1, 1],
    [0, 2],
    [1, 1],
    [1, 1],
    [1, 1],
    [0, 2],
  ] as const),
  ALL_DEFAULT,
];

/** A size, a usual description, no other transforms, and a usual frame from the next whole byte on. */
function picture(...size: readonly Field[]): number[] {
  return [...stream(...size, ALL_DEFAULT, ALL_DEFAULT), 1];
}

describe("readJxlHeader", () => {
  it("reads small sizes, large sizes and ratios", () => {
    const small = picture([1, 1], [31, 5], [1, 3]);
    expect(readJxlHeader(bytesOf(small))).toMatchObject({ width: 256, height: 256 });
    const large = picture([0, 1], [3, 2], [65_534, 30], NO_RATIO, [1, 2], [999, 13]);
    expect(readJxlHeader(bytesOf(large))).toMatchObject({ width: 1000, height: 65_535 });
    const wide = picture([0, 1], [0, 2], [89, 9], [5, 3]);
    expect(readJxlHeader(bytesOf(wide))).toMatchObject({ width: 160, height: 90 });
  });

  it("turns the sides as the file asks", () => {
    const turned = stream([0, 1], [0, 2], [89, 9], [5, 3], [0, 1], [1, 1], [5, 3], ...TURNED_REST);
    expect(readJxlHeader(bytesOf(turned))).toMatchObject({ width: 90, height: 160 });
  });

  it("finds the stream in boxes, whole or in parts", () => {
    const bare = picture([1, 1], [3, 5], [7, 3]);
    const start = isoBox("JXL ", [0x0d, 0x0a, 0x87, 0x0a]);
    const whole = bytesOf(
      start,
      isoBox("ftyp", [...bytesOf("jxl \0\0\0\0jxl ")]),
      isoBox("jxlc", bare),
    );
    expect(readJxlHeader(whole)).toMatchObject({ width: 64, height: 32 });
    const parts = bytesOf(
      start,
      isoBox("jxlp", [0, 0, 0, 0], bare.slice(0, 3)),
      isoBox("jxlp", [0x80, 0, 0, 1], bare.slice(3)),
    );
    expect(readJxlHeader(parts)).toMatchObject({ width: 64, height: 32 });
    expect(() => readJxlHeader(bytesOf(start))).toThrow("ends before");
  });
});

const read = (name: string): Uint8Array =>
  readFileSync(new URL(`../fixtures/${name}`, import.meta.url));

/** Where all frames of a bare stream end. */
function endOf(stream: Uint8Array): number {
  const bits = new JxlBits(stream);
  bits.skip(16);
  const image = readJxlImage(bits);
  if (image.hasProfile) skipColourProfile(bits);
  bits.toByte(bits.byte);
  for (let isLast = false; !isLast;) {
    const frame = readJxlFrame(bits, image, image);
    skipFrameData(bits, frame.sections);
    ({ isLast } = frame);
  }
  return bits.byte;
}

describe("the frames of a JPEG XL", () => {
  it.each([
    ["one", "faults/good.jxl", 1],
    ["after a colour profile", "jxl/profile.jxl", 1],
    ["after a profile that repeats itself", "jxl/long-profile.jxl", 1],
    ["after a profile of many kinds of byte", "jxl/varied-profile.jxl", 1],
    ["in another order", "jxl/reordered.jxl", 1],
    ["of many parts in another order", "jxl/many-parts.jxl", 1],
    ["with one for the colours on average", "jxl/dc-frame.jxl", 2],
    ["an animation, up to the first that is shown", "jxl/animation.jxl", 1],
  ])("are read to the file's last byte: %s", (_, name, scans) => {
    const file = read(name);
    const isBare = file[0] === 0xff;
    const header = readJxlHeader(file);
    expect(header).toMatchObject({ scans });
    expect(header).not.toHaveProperty("decoded");
    if (isBare) expect(endOf(file)).toBe(file.length);
    // A stream that is cut in its headers is an error, whatever is cut.
    expect(() => readJxlHeader(file.subarray(0, isBare ? 4 : 8))).toThrow("ends before");
  });

  it("count where they are larger than the image", () => {
    expect(readJxlHeader(read("faults/jxl-larger-frame.jxl"))).toMatchObject({
      width: 64,
      height: 64,
      decoded: { width: 16_000, height: 16_000 },
    });
  });

  it("are refused soon where a profile or a frame has no end", () => {
    const long = [
      [3, 2],
      [0xfff, 12],
      [1, 1],
      [0xff, 8],
      [1, 1],
      [0xff, 8],
      [0, 1],
    ] as const;
    expect(() => {
      const bits = new JxlBits(bytesOf(stream(...long).slice(2)));
      skipColourProfile(bits);
    }).toThrow("colour profile that is too large");
    expect(() => {
      skipFrameData(new JxlBits(new Uint8Array(10)), 10_000_000);
    }).toThrow("too many parts");
  });
});
