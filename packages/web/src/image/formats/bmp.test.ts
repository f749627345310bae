import { describe, expect, it } from "vitest";
import { readBmpHeader } from "./bmp.ts";
import { bytesOf, craftPng, u32be } from "../fixtures/craft.ts";

function craft(headerBytes: number, width: number, height: number): Uint8Array {
  const u32le = (value: number) => u32be(value).reverse();
  return bytesOf("BM", Array<number>(12).fill(0), [headerBytes, width, height].flatMap(u32le));
}

describe("readBmpHeader", () => {
  it.each([16, 40, 52, 56, 64, 108, 124])("reads a header of %i bytes", (headerBytes) => {
    expect(readBmpHeader(craft(headerBytes, 70_000, 3))).toMatchObject({
      width: 70_000,
      height: 3,
    });
  });

  it("reads the two-byte sides of OS/2 1.x", () => {
    expect(readBmpHeader(craft(12, 0x0003_0005, 0))).toMatchObject({ width: 5, height: 3 });
  });

  it("takes a negative height for rows from the top", () => {
    expect(readBmpHeader(craft(40, 5, -3)).height).toBe(3);
    expect(readBmpHeader(craft(40, 5, -(2 ** 31))).height).toBe(2 ** 31);
  });

  it("refuses negative widths and headers of other lengths", () => {
    expect(() => readBmpHeader(craft(40, -5, 3))).toThrow("has a negative width");
    for (const headerBytes of [0, 13, 15, 65, 107, 125, 2 ** 32 - 1]) {
      expect(() => readBmpHeader(craft(headerBytes, 5, 3))).toThrow("header of unknown length");
    }
  });

  it("holds a file in a file to the size around it", () => {
    const u32le = (value: number) => u32be(value).reverse();
    const craftNested = (png: Uint8Array): Uint8Array =>
      bytesOf(
        ["BM", u32le(0), u32le(0), u32le(54)].flatMap((part) => [...bytesOf(part)]),
        [40, 64, 64].flatMap(u32le),
        [1, 0, 24, 0, ...u32le(5), ...new Array<number>(20).fill(0)],
        [...png],
      );
    expect(readBmpHeader(craftNested(craftPng(64, 64, 3)))).toMatchObject({
      width: 64,
      segments: 4,
    });
    expect(() => readBmpHeader(craftNested(craftPng(16_384, 64)))).toThrow("holds an image of");
  });
});
