import { describe, expect, it } from "vitest";
import { readExifOrientation, swapsSides } from "./exif.ts";
import { bytesOf, exifSegment } from "../fixtures/craft.ts";

/** As the JPEG reader calls it: past the marker and the length. */
function read(segment: readonly number[]): number | undefined {
  return readExifOrientation(Uint8Array.from(segment), 4, segment.length);
}

describe("readExifOrientation", () => {
  it("reads all eight, in either byte order", () => {
    for (let value = 1; value <= 8; value += 1) {
      expect(read(exifSegment("II", { value }))).toBe(value);
      expect(read(exifSegment("MM", { value }))).toBe(value);
    }
  });

  it.each([
    ["0", { value: 0 }],
    ["9", { value: 9 }],
    ["another type", { value: 6, type: 4 }],
    ["another tag", { value: 6, tag: 0x0110 }],
    ["a directory past the end", { value: 6, directory: 0xffff_fff0 }],
    ["entries past the end", { value: 6, tag: 0x0110, entries: 0xffff }],
  ])("takes %s for upright", (_, options) => {
    expect(read(exifSegment("MM", options))).toBe(1);
  });

  it("takes every shortened block for upright", () => {
    const segment = exifSegment("MM", { value: 6 });
    for (let length = 10; length < segment.length - 4; length += 1) {
      expect(read(segment.slice(0, length))).toBe(1);
    }
  });

  it("does not read past its segment into the next", () => {
    const bytes = Uint8Array.from(exifSegment("MM", { value: 6 }));
    expect(readExifOrientation(bytes, 4, 20)).toBe(1);
  });

  it("tells other APP1 segments, such as XMP, from EXIF", () => {
    const bytes = bytesOf("http://ns.adobe.com/xap/1.0/\0");
    expect(readExifOrientation(bytes, 0, bytes.length)).toBeUndefined();
  });
});

describe("swapsSides", () => {
  it("holds for the four quarter turns", () => {
    expect([1, 2, 3, 4, 5, 6, 7, 8].filter(swapsSides)).toEqual([5, 6, 7, 8]);
  });
});
