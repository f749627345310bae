import { describe, expect, it, vi } from "vitest";
import { sourceOfBytes } from "./byte-source.ts";
import { deferred, writePieces } from "./deferred-pieces.ts";
import { messageField, piecesLength } from "./pieces.ts";
const MEGABYTE = 1024 * 1024;

describe("writePieces", () => {
  const file = Uint8Array.from({ length: 3.5 * MEGABYTE }, (_, n) => n % 251);
  const made = Uint8Array.of(1, 2, 3);

  it("gives all bytes in order, a megabyte at a time", () => {
    const pieces = [
      Uint8Array.of(9, 8),
      { start: 5, end: file.length },
      deferred(3, () => made.slice()),
      new Uint8Array(2 * MEGABYTE).fill(7),
      { start: 0, end: 1 },
    ];
    const chunks = [...writePieces(sourceOfBytes(file), pieces)];
    const expected = [[9, 8], file.subarray(5), made, new Uint8Array(2 * MEGABYTE).fill(7), [0]];
    expect(Buffer.compare(Buffer.concat(chunks), concatenate(expected))).toBe(0);
    expect(Math.max(...chunks.map(({ byteLength }) => byteLength))).toBe(MEGABYTE);
  });

  it("gives chunks that nobody writes to later", () => {
    const source = sourceOfBytes(file);
    const [first] = writePieces(source, [{ start: 0, end: 2 * MEGABYTE }]);
    first!.fill(0);
    expect(file[1]).toBe(1);
    const whole = [...writePieces(source, [{ start: 0, end: 2 * MEGABYTE }])];
    expect(whole[0]!.buffer).not.toBe(whole[1]!.buffer);
  });

  it("makes what is deferred when it is its turn, and counts it before", () => {
    const make = vi.fn(() => made.slice());
    const pieces = messageField(1, [deferred(3, make)]);
    expect(piecesLength(pieces)).toBe(5);
    const chunks = writePieces(sourceOfBytes(file), pieces);
    expect(chunks.next().value).toEqual(Uint8Array.of(10, 3));
    expect(make).not.toHaveBeenCalled();
    expect(chunks.next().value).toEqual(made);
  });
});

function concatenate(parts: readonly (Uint8Array | number[])[]): Buffer {
  return Buffer.concat(parts.map((part) => Uint8Array.from(part)));
}
