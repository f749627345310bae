import { describe, expect, it } from "vitest";
import { readAvifHeader } from "./avif.ts";
import { bytesOf, craftAvif, ispe, isoBox } from "./fixtures/craft.ts";
import { readImageHeader } from "./sniff.ts";

describe("readAvifHeader", () => {
  it("takes the primary item's size, not a thumbnail's or the largest", () => {
    const bytes = craftAvif([ispe(16, 16), ispe(900, 900), ispe(300, 200)], [3]);
    expect(readAvifHeader(bytes)).toMatchObject({ width: 300, height: 200 });
  });

  it("takes the largest size where no item is tied to one", () => {
    const bytes = craftAvif([ispe(16, 16), ispe(900, 800), ispe(300, 200)], []);
    expect(readAvifHeader(bytes)).toMatchObject({ width: 900, height: 800 });
  });

  it.each([
    [0, 300, 200],
    [1, 200, 300],
    [2, 300, 200],
    [3, 200, 300],
  ])("turns the sides for a rotation of %i quarters", (quarters, width, height) => {
    // 0x82: index 2, marked essential.
    const bytes = craftAvif([ispe(300, 200), isoBox("irot", [quarters])], [1, 0x82]);
    expect(readAvifHeader(bytes)).toMatchObject({ width, height });
  });

  it("is asked for image sequences and for the generic brand", () => {
    for (const brands of ["avis\0\0\0\0msf1", "mif1\0\0\0\0miaf"]) {
      expect(readImageHeader(craftAvif([ispe(3, 2)], [1], brands)).kind).toBe("avif");
    }
  });

  it("refuses a file without a size", () => {
    expect(() => readAvifHeader(craftAvif([], []))).toThrow("has no size");
    expect(() => readAvifHeader(bytesOf(isoBox("ftyp", [])))).toThrow("has no `meta` box");
  });
});
