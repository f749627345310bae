import { describe, expect, it } from "vitest";
import { DATA_TYPE } from "../format/data-type.ts";
import { sourceOfBytes } from "./byte-source.ts";
import { floatReader } from "./float-tensor.ts";
const tensor = (dataType: number, start: number, end: number) => ({
  name: "w",
  dataType,
  shape: [],
  others: [],
  raw: { start, end },
  isExternal: false,
});

describe("floatReader", () => {
  it("reads stretches of floats that begin at any byte of the file", () => {
    const numbers = Float32Array.of(1.5, -2, 0.1, 3e38);
    const file = new Uint8Array(19);
    file.set(new Uint8Array(numbers.buffer), 3);
    const read = floatReader(sourceOfBytes(file), tensor(DATA_TYPE.float32, 3, 19))!;
    expect(read(0, 4)).toEqual(numbers);
    expect(read(1, 3)).toEqual(numbers.slice(1, 3));
  });

  it("widens float16", () => {
    const bits = [0x3c00, 0xc000, 0x7bff, 0x0001, 0x03ff, 0x0400, 0x3555, 0x8000, 0x7c00, 0xfc00];
    const halves = Uint16Array.from([...bits, 0x7e00]);
    const source = sourceOfBytes(new Uint8Array(halves.buffer));
    const read = floatReader(source, tensor(DATA_TYPE.float16, 0, halves.byteLength))!;
    expect(Array.from(read(0, 11))).toEqual([
      ...[1, -2, 65504, 2 ** -24, 1023 * 2 ** -24, 2 ** -14, 0.333251953125, -0],
      ...[Infinity, -Infinity, NaN],
    ]);
    expect(Array.from(read(1, 2))).toEqual([-2]);
  });

  it("reads nothing else", () => {
    const source = sourceOfBytes(new Uint8Array(8));
    expect(floatReader(source, tensor(DATA_TYPE.int8, 0, 8))).toBeUndefined();
    expect(
      floatReader(source, { ...tensor(DATA_TYPE.float32, 0, 8), raw: undefined }),
    ).toBeUndefined();
  });
});
