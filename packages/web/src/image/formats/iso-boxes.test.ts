import { describe, expect, it } from "vitest";
import { ByteReader } from "./byte-reader.ts";
import { bytesOf, isoBox, u32be } from "../fixtures/craft.ts";
import { findOnlyIsoBox, isoBoxes, topIsoBoxes } from "./iso-boxes.ts";

function list(...parts: readonly (readonly number[])[]) {
  const bytes = bytesOf(parts.flat());
  return [...isoBoxes(new ByteReader(bytes, "avif"), 0, bytes.length)];
}

describe("isoBoxes", () => {
  it("lists boxes side by side", () => {
    expect(list(isoBox("one ", [1, 2]), isoBox("two "))).toEqual([
      { type: "one ", start: 8, end: 10 },
      { type: "two ", start: 18, end: 18 },
    ]);
  });

  it("reads 64-bit lengths, and 0 as the rest", () => {
    const long = [...u32be(1), ...bytesOf("long"), ...u32be(0), ...u32be(17), 0];
    const rest = [...u32be(0), ...bytesOf("rest"), 0, 0, 0];
    expect(list(long, rest)).toEqual([
      { type: "long", start: 16, end: 17 },
      { type: "rest", start: 25, end: 28 },
    ]);
  });

  it("keeps a box inside its parent", () => {
    expect(list([...u32be(0x7fff_ffff), ...bytesOf("huge")])).toEqual([
      { type: "huge", start: 8, end: 8 },
    ]);
  });

  it.each([2, 7])("refuses a box of %i bytes, which would never be passed", (length) => {
    expect(() => list([...u32be(length), ...bytesOf("tiny")])).toThrow("box of impossible length");
  });

  it("refuses a 64-bit length shorter than its own header", () => {
    const box = [...u32be(1), ...bytesOf("tiny"), ...u32be(0), ...u32be(15)];
    expect(() => list(box)).toThrow("box of impossible length");
  });
});

describe("findOnlyIsoBox", () => {
  const bytes = bytesOf(isoBox("one ", [1]), isoBox("two ", [2]), isoBox("two ", [3]));
  const reader = new ByteReader(bytes, "avif");
  const file = { type: "file", start: 0, end: bytes.length };

  it("finds the one of a type, or nothing", () => {
    expect(findOnlyIsoBox(reader, "one ", file)?.start).toBe(8);
    expect(findOnlyIsoBox(reader, "six ", file)).toBeUndefined();
  });

  it("refuses two", () => {
    expect(() => findOnlyIsoBox(reader, "two ", file)).toThrow("has two `two ` boxes");
  });
});

describe("topIsoBoxes", () => {
  it.each([
    ["nothing", []],
    ["a few bytes", [1, 2, 3]],
    ["a length that no box has", [0, 0, 0, 3, 1, 2, 3, 4]],
  ])("ends before %s", (_, rest) => {
    const reader = new ByteReader(bytesOf(isoBox("one ", [1]), isoBox("two "), rest), "avif");
    expect([...topIsoBoxes(reader)].map(({ type }) => type)).toEqual(["one ", "two "]);
  });
});
