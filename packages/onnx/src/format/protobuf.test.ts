import { describe, expect, test } from "vitest";
import { bytesField, bytesHeader, floatField, integerField, varint } from "./protobuf.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

describe("varint", () => {
  test.each([
    [0, "00"],
    [1, "01"],
    [127, "7f"],
    [128, "8001"],
    [300, "ac02"],
    [2 ** 31, "8080808008"],
    [2 ** 40 + 5, "858080808020"],
    [-1, "ffffffffffffffffff01"],
  ])("writes %d as the specification says", (value, bytes) => {
    expect(hex(varint(value))).toBe(bytes);
  });
});

test("fields carry their number and wire type", () => {
  expect(hex(integerField(1, 150))).toBe("089601"); // the specification's own example
  expect(hex(bytesField(2, Buffer.from("testing")))).toBe("120774657374696e67");
  expect(hex(floatField(2, 1))).toBe("150000803f");
  expect(hex(integerField(20, 7))).toBe("a00107");
});

test("a nested message is announced with its length", () => {
  expect(hex(bytesField(3, integerField(1, 150)))).toBe("1a03089601");
  expect(hex(bytesHeader(9, 2 ** 31))).toBe("4a8080808008");
});
