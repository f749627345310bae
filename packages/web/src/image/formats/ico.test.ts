import { describe, expect, it } from "vitest";
import { bytesOf, craftPng, u32be } from "../fixtures/craft.ts";
import { readIcoHeader } from "./ico.ts";

const u32le = (value: number): number[] => u32be(value).reverse();

interface Entry {
  readonly side: number;
  readonly image: readonly number[];
}

function craftIco(...entries: readonly Entry[]): Uint8Array {
  let at = 6 + 16 * entries.length;
  const directory = entries.flatMap(({ side, image }) => {
    const start = at;
    at += image.length;
    return [side, side, 0, 0, 1, 0, 32, 0, ...u32le(image.length), ...u32le(start)];
  });
  return bytesOf(
    [0, 0, 1, 0, entries.length, 0],
    directory,
    entries.flatMap(({ image }) => image),
  );
}

const bmp = (width: number, height: number, compression = 0): number[] => [
  ...[40, width, 2 * height].flatMap(u32le),
  ...[1, 0, 32, 0],
  ...u32le(compression),
];

describe("readIcoHeader", () => {
  it("reads the largest of its images, PNG or BMP", () => {
    const bytes = craftIco(
      { side: 16, image: bmp(16, 16) },
      { side: 48, image: [...craftPng(48, 48)] },
    );
    expect(readIcoHeader(bytes)).toMatchObject({ width: 48, height: 48 });
    expect(readIcoHeader(bytes).decoded).toBeUndefined();
  });

  it("holds the limits to every image, whatever the directory says", () => {
    const bytes = craftIco(
      { side: 64, image: [...craftPng(16_384, 16_384)] },
      { side: 32, image: bmp(32, 32) },
    );
    expect(readIcoHeader(bytes)).toMatchObject({ width: 16_384, height: 16_384 });
  });

  it("refuses a directory without images, of too many, or of something else", () => {
    expect(() => readIcoHeader(craftIco())).toThrow("has no images");
    expect(() => readIcoHeader(bytesOf([0, 0, 1, 0, 1, 1]))).toThrow("too many images");
    const other = craftIco({ side: 8, image: [1, 2, 3, 4, 5, 6, 7, 8] });
    expect(() => readIcoHeader(other)).toThrow("neither PNG nor BMP");
    const nested = craftIco({ side: 16, image: bmp(16, 16, 5) });
    expect(() => readIcoHeader(nested)).toThrow("holds another file");
    const cut = craftIco({ side: 16, image: bmp(16, 16) });
    expect(() => readIcoHeader(cut.subarray(0, 30))).toThrow("ends before");
  });
});
