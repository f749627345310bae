import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  bytesOf,
  craftGif,
  craftPng,
  craftWebpCanvas,
  webpAnimationFrame,
  webpChunk,
  webpLossy,
} from "./fixtures/craft.ts";
import { toDecodablePart } from "./decodable-part.ts";
import { readImageHeader } from "./formats/sniff.ts";

const CORPORA = new URL("./fixtures/corpora/", import.meta.url);

function partOf(bytes: Uint8Array): Uint8Array {
  const own = new Uint8Array(bytes);
  return new Uint8Array(Buffer.concat(toDecodablePart(own, readImageHeader(own))));
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

describe("toDecodablePart", () => {
  it("keeps the first of many frames of a WebP, and no metadata", () => {
    const frames = Array.from({ length: 50_000 }, () =>
      webpAnimationFrame([0, 0, 8, 8], webpLossy(8, 8)),
    );
    const exif = webpChunk("EXIF", [...bytesOf("a name and a place")]);
    const part = partOf(craftWebpCanvas(8, 8, webpChunk("ANIM", [1]), ...frames.slice(0, 3), exif));
    expect(textOf(part).match(/ANMF/g)).toHaveLength(1);
    expect(textOf(part)).not.toContain("EXIF");
    expect(part).toHaveLength(8 + new DataView(part.buffer).getUint32(4, true));
    expect(partOf(craftWebpCanvas(8, 8, ...frames))).toHaveLength(72);
  });

  it("keeps the first frame of a GIF, and ends it", () => {
    const frame = craftGif([4, 4], [0, 0, 4, 4]);
    const data = [2, 2, 0x44, 1, 0];
    const more = [...frame.subarray(13), ...data];
    const part = partOf(bytesOf([...frame], data, more, more, ";"));
    expect(textOf(part)).toBe(textOf(bytesOf([...frame], data, ";")));
  });

  it("leaves out what only an animated PNG has", () => {
    const chunk = (name: string): number[] => [0, 0, 0, 0, ...bytesOf(name), 0, 0, 0, 0];
    const file = (...names: readonly string[]): Uint8Array =>
      bytesOf([...craftPng(4, 4)], names.flatMap(chunk));
    const animated = partOf(file("acTL", "gAMA", "fcTL", "IDAT", "fcTL", "fdAT", "IEND"));
    expect(textOf(animated)).toContain("gAMA");
    expect(textOf(animated)).not.toMatch(/acTL|fcTL|fdAT/);
    const apart = file("acTL", "IDAT", "fcTL", "fdAT", "IEND");
    expect(partOf(apart)).toEqual(apart);
  });

  it("leaves complete files of the corpora whole but for what is not shown", () => {
    for (const name of readdirSync(new URL("exif-orientation/", CORPORA))) {
      if (!name.endsWith(".jpg")) continue;
      const bytes = readFileSync(new URL(`exif-orientation/${name}`, CORPORA));
      expect(Buffer.from(partOf(bytes)).indexOf(bytes)).toBe(0);
    }
  });
});
