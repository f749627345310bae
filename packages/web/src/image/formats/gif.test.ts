import { describe, expect, it } from "vitest";
import { bytesOf, craftGif } from "../fixtures/craft.ts";
import { readGifHeader } from "./gif.ts";

describe("readGifHeader", () => {
  it("reads the largest screen there is", () => {
    const bytes = craftGif([65_535, 65_535], [0, 0, 1, 1]);
    expect(readGifHeader(bytes)).toMatchObject({ width: 65_535, height: 65_535 });
  });

  it("enlarges the screen to a first frame that sticks out", () => {
    expect(readGifHeader(craftGif([2, 2], [10, 0, 30, 1]))).toMatchObject({ width: 40, height: 2 });
  });

  it("finds the frame behind a colour table and extensions", () => {
    const plain = craftGif([2, 2], [0, 0, 5, 6]);
    const bytes = bytesOf(
      [...plain.subarray(0, 10), 0x81, 0, 0], // a table of 4 colours
      [44, 44, 44, 33, 33, 33, 0, 0, 0, 0, 0, 0],
      ["!", "\xfe", 3, "abc", 1, "d", 0].flatMap((part) => [...bytesOf(part)]),
      [...plain.subarray(13)],
    );
    expect(readGifHeader(bytes)).toMatchObject({ width: 5, height: 6 });
  });

  it("refuses a file without a frame", () => {
    const bytes = craftGif([2, 2], [0, 0, 1, 1]);
    expect(() => readGifHeader(bytes.subarray(0, 13))).toThrow("ends before");
    bytes[13] = 0x3b; // the trailer
    expect(() => readGifHeader(bytes)).toThrow("has no image in it");
  });
});
