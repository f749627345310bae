import { describe, expect, it } from "vitest";
import {
  craftWebpCanvas,
  webpAnimationFrame,
  webpChunk,
  webpLossless,
  webpLossy,
} from "../fixtures/craft.ts";
import { readWebpHeader } from "./webp.ts";

describe("readWebpHeader", () => {
  it("reads an extended file's canvas", () => {
    const bytes = craftWebpCanvas(2 ** 24, 70_000);
    expect(readWebpHeader(bytes)).toMatchObject({ width: 2 ** 24, height: 70_000 });
  });

  it("refuses a file whose first chunk is no image", () => {
    const bytes = craftWebpCanvas(5, 5);
    bytes[15] = 0x3f; // "VP8?"
    expect(() => readWebpHeader(bytes)).toThrow("does not begin with an image");
    bytes[15] = 0x4c; // "VP8L", but without its signature
    expect(() => readWebpHeader(bytes)).toThrow("does not begin with an image");
    bytes[15] = 0x20; // "VP8 ", but without its start code
    expect(() => readWebpHeader(bytes)).toThrow("does not begin with an image");
  });

  it("says so when the file ends inside the header", () => {
    expect(() => readWebpHeader(craftWebpCanvas(5, 5).subarray(0, 29))).toThrow("ends before");
  });

  it.each([
    ["a lossy frame", [webpLossy(300, 200)]],
    ["a lossless frame", [webpLossless(300, 200)]],
    ["other chunks before it", [webpChunk("ICCP", [1, 2, 3]), webpLossy(300, 200)]],
    [
      "an animation",
      [webpChunk("ANIM", []), webpAnimationFrame([20, 10, 50, 60], webpLossy(50, 60))],
    ],
    ["nothing", []],
    ["a chunk that is cut", [[...webpLossy(300, 200).slice(0, 9)].slice(0, 7)]],
  ])("takes the canvas around %s", (_, parts) => {
    expect(readWebpHeader(craftWebpCanvas(300, 200, ...parts))).toMatchObject({
      width: 300,
      height: 200,
    });
  });

  it.each([
    ["a lossy frame", [webpLossy(301, 200)]],
    ["a lossless frame", [webpLossless(300, 201)]],
    ["a frame after other chunks", [webpChunk("ICCP", [1, 2, 3]), webpLossy(16_383, 16_383)]],
    ["an animation's frame", [webpAnimationFrame([20, 10, 290, 60])]],
    ["what an animation's frame holds", [webpAnimationFrame([0, 0, 50, 60], webpLossless(51, 60))]],
  ])("refuses a canvas that is smaller than %s", (_, parts) => {
    expect(() => readWebpHeader(craftWebpCanvas(300, 200, ...parts))).toThrow(
      expect.objectContaining({ code: "image-unreadable", details: { reason: "malformed" } }),
    );
  });
});
