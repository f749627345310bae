import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { craftPng } from "../fixtures/craft.ts";
import { readPngHeader } from "./png.ts";

describe("readPngHeader", () => {
  it("reads a size that no tab could decode", () => {
    expect(readPngHeader(craftPng(20_000, 20_000))).toMatchObject({
      width: 20_000,
      height: 20_000,
    });
  });

  it("counts chunks", () => {
    expect(readPngHeader(craftPng(1, 1, 12_000)).segments).toBe(12_001);
  });

  it("stops counting at a chunk that runs past the end", () => {
    const bytes = craftPng(1, 1, 3);
    bytes[33] = 0xff; // the first empty chunk's length
    expect(readPngHeader(bytes).segments).toBe(2);
  });

  it("stops counting at the end chunk", () => {
    const bytes = craftPng(1, 1, 3);
    bytes.set([0x49, 0x45, 0x4e, 0x44], 37); // the first empty chunk becomes IEND
    expect(readPngHeader(bytes).segments).toBe(2);
  });

  it("refuses sides of 2³¹ and more", () => {
    expect(readPngHeader(craftPng(2 ** 31 - 1, 1)).width).toBe(2 ** 31 - 1);
    expect(() => readPngHeader(craftPng(2 ** 31, 1))).toThrow("has an impossible size");
  });

  it("refuses a file whose header is missing or of another length", () => {
    const bytes = craftPng(1, 1);
    bytes[11] = 14;
    expect(() => readPngHeader(bytes)).toThrow("does not begin with its header");
    bytes.set([13, 0x4a], 11); // "JHDR"
    expect(() => readPngHeader(bytes)).toThrow("does not begin with its header");
  });

  it("says so when the file ends inside the header", () => {
    expect(() => readPngHeader(craftPng(1, 1).subarray(0, 20))).toThrow("ends before it gives");
  });

  it("takes a file with its end for damaged, and not for cut short, where a chunk has a wrong length", () => {
    const file = new URL("../fixtures/corpora/pngsuite/basi6a16.png", import.meta.url);
    const bytes = new Uint8Array(readFileSync(file));
    const data = Buffer.from(bytes).indexOf("IDAT");
    new DataView(bytes.buffer).setUint32(data - 4, 1_000_000);
    expect(readPngHeader(bytes).end).toBeDefined();
    expect(readPngHeader(bytes).isTruncated).toBeUndefined();
    expect(readPngHeader(bytes.subarray(0, -1)).isTruncated).toBe(true);
  });
});
