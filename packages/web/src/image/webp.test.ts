import { describe, expect, it } from "vitest";
import { craftWebpCanvas } from "./fixtures/craft.ts";
import { readWebpHeader } from "./webp.ts";

describe("readWebpHeader", () => {
  it("reads an extended file's canvas", () => {
    const bytes = craftWebpCanvas(2 ** 24, 70_000);
    expect(readWebpHeader(bytes)).toMatchObject({ width: 2 ** 24, height: 70_000 });
  });

  it("refuses a file whose first chunk is no picture", () => {
    const bytes = craftWebpCanvas(5, 5);
    bytes[15] = 0x3f; // "VP8?"
    expect(() => readWebpHeader(bytes)).toThrow("does not begin with a picture");
    bytes[15] = 0x4c; // "VP8L", but without its signature
    expect(() => readWebpHeader(bytes)).toThrow("does not begin with a picture");
    bytes[15] = 0x20; // "VP8 ", but without its start code
    expect(() => readWebpHeader(bytes)).toThrow("does not begin with a picture");
  });

  it("says so when the file ends inside the header", () => {
    expect(() => readWebpHeader(craftWebpCanvas(5, 5).subarray(0, 29))).toThrow("ends before");
  });
});
