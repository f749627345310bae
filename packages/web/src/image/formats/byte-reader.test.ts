import { describe, expect, it } from "vitest";
import { ByteReader } from "./byte-reader.ts";

const reader = new ByteReader(Uint8Array.of(0xff, 0x50, 0x4e, 0x47, 0x80), "png");

describe("ByteReader", () => {
  it("reads numbers in both byte orders, unsigned unless it says otherwise", () => {
    expect(reader.u8(0)).toBe(0xff);
    expect(reader.u16be(0)).toBe(0xff50);
    expect(reader.u16le(0)).toBe(0x50ff);
    expect(reader.u24le(2)).toBe(0x80474e);
    expect(reader.u32be(0)).toBe(0xff504e47);
    expect(reader.u32le(1)).toBe(0x80474e50);
    expect(reader.i32le(1)).toBe(0x80474e50 - 2 ** 32);
    expect(reader.uintBe(0, 0)).toBe(0);
    expect(reader.uintBe(0, 2)).toBe(0xff50);
    expect(reader.uintBe(0, 4)).toBe(0xff504e47);
    expect(new ByteReader(Uint8Array.of(0, 0, 0, 1, 0, 0, 0, 2), "avif").uintBe(0, 8)).toBe(
      2 ** 32 + 2,
    );
    expect(reader.slice(3, 99)).toEqual(Uint8Array.of(0x47, 0x80));
    expect(reader.fourCharacters(0)).toBe("\xffPNG");
  });

  it.each([-1, 2, 5, 2 ** 40, Number.NaN])("refuses to read four bytes at %d", (offset) => {
    for (const read of ["u32be", "u32le", "i32le", "fourCharacters"] as const) {
      expect(() => reader[read](offset)).toThrow(
        expect.objectContaining({ code: "image-unreadable", details: { reason: "truncated" } }),
      );
    }
  });
});
