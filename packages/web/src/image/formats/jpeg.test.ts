import { describe, expect, it } from "vitest";
import {
  bytesOf,
  craftJpeg,
  exifSegment,
  jpegFrame,
  jpegScan,
  jpegSegment,
} from "../fixtures/craft.ts";
import { readJpegHeader } from "./jpeg.ts";

const emptyApp1 = jpegSegment(0xe1, []);

describe("readJpegHeader", () => {
  it("counts segments before the size, and between and after scans", () => {
    const before = Array.from({ length: 3_000 }, () => emptyApp1).flat();
    const bytes = craftJpeg(before, jpegFrame(4, 3), jpegScan());
    expect(readJpegHeader(bytes)).toEqual({
      kind: "jpeg",
      width: 4,
      height: 3,
      segments: 3_002,
      scans: 1,
      end: bytes.length,
    });
    const between = craftJpeg(jpegFrame(4, 3), jpegScan(), emptyApp1, jpegScan(), emptyApp1);
    expect(readJpegHeader(between)).toMatchObject({ segments: 5, scans: 2 });
  });

  it("takes time in proportion to the file, not its square", () => {
    const many = new Uint8Array(20 * 2 ** 20);
    for (let at = 0; at < many.length; at += 4) many.set([0xff, 0xe1, 0, 2], at);
    many.set([0xff, 0xd8, 0xff, 0xd8]);
    expect(() => readJpegHeader(many)).toThrow("ends before");
  }, 60_000); // A quarter of a second on an idle machine. The square would be hours.

  it("turns the sides for a quarter turn, in either byte order", () => {
    for (const order of ["II", "MM"] as const) {
      const turned = craftJpeg(exifSegment(order, { value: 6 }), jpegFrame(4, 3));
      expect(readJpegHeader(turned)).toMatchObject({ width: 3, height: 4 });
      const flipped = craftJpeg(exifSegment(order, { value: 3 }), jpegFrame(4, 3));
      expect(readJpegHeader(flipped)).toMatchObject({ width: 4, height: 3 });
    }
  });

  it("goes by the first EXIF block, past segments that only look like one", () => {
    const [first, second] = [exifSegment("MM", { value: 6 }), exifSegment("MM", { value: 1 })];
    expect(readJpegHeader(craftJpeg(emptyApp1, first, second, jpegFrame(4, 3))).width).toBe(3);
  });

  it("takes the largest of several frame headers before the first scan", () => {
    const bytes = craftJpeg(jpegFrame(4, 30), jpegFrame(50, 3), jpegScan(), jpegFrame(900, 900));
    expect(readJpegHeader(bytes)).toMatchObject({ width: 50, height: 30 });
  });

  it("takes tables with a frame's kind of marker for what they are", () => {
    const tables = [0xc4, 0xc8, 0xcc].flatMap((marker) =>
      jpegSegment(marker, Array<number>(17).fill(9)),
    );
    expect(readJpegHeader(craftJpeg(tables, jpegFrame(4, 3))).width).toBe(4);
  });

  it("forgives stray and fill bytes between segments", () => {
    const bytes = craftJpeg([0x00, 0x41], emptyApp1, [0xff, 0xff, 0xff], jpegFrame(4, 3));
    expect(readJpegHeader(bytes).width).toBe(4);
  });

  it("reads a size from a file that is cut short after it", () => {
    const bytes = craftJpeg(jpegFrame(4, 3), jpegScan());
    const afterSize = 2 + jpegFrame(4, 3).length;
    for (let length = afterSize; length <= bytes.length; length += 1) {
      expect(readJpegHeader(bytes.subarray(0, length)).width).toBe(4);
    }
    expect(() => readJpegHeader(bytes.subarray(0, 8))).toThrow("ends before");
  });

  it.each([
    ["segment lengths of 0", [0xff, 0xe1, 0, 0], "segment of impossible length"],
    ["segment lengths of 1", [0xff, 0xe1, 0, 1], "segment of impossible length"],
    ["a scan before the size", jpegScan(), "image data before its size"],
    ["an end before the size", emptyApp1, "has no size"],
  ])("refuses %s", (_, part, message) => {
    expect(() => readJpegHeader(craftJpeg(part))).toThrow(message);
  });

  it.each([
    ["no length at all", [0xff, 0xe1, 0, 0]],
    ["a length past the end", [0xff, 0xe1, 0xff, 0xff]],
  ])("forgives a segment of %s after a scan, as decoders do", (_, part) => {
    const bytes = craftJpeg(jpegFrame(4, 3), jpegScan(), part);
    const header = readJpegHeader(bytes);
    expect(header).toMatchObject({ width: 4, scans: 1 });
    expect(header.isTruncated).toBeUndefined();
  });

  it("says where the first image ends, and whether it does", () => {
    const bytes = craftJpeg(jpegFrame(4, 3), jpegScan());
    const withPreview = bytesOf([...bytes], [...bytes], "a phone's video");
    expect(readJpegHeader(withPreview)).toMatchObject({ end: bytes.length, segments: 2 });
    for (const cut of [1, 2, 5]) {
      expect(readJpegHeader(bytes.subarray(0, -cut))).toMatchObject({ isTruncated: true });
    }
  });

  it("says how much a decoder keeps of a file with several scans", () => {
    const bytes = craftJpeg(jpegFrame(40, 30), jpegScan(), jpegScan());
    expect(readJpegHeader(bytes).coefficients).toBe(1200);
    const one = craftJpeg(jpegFrame(40, 30), jpegScan());
    expect(readJpegHeader(one).coefficients).toBeUndefined();
    one[3] = 0xc2; // progressive: more scans may follow
    expect(readJpegHeader(one).coefficients).toBe(1200);
  });
});
