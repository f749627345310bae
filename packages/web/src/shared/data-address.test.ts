import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeDataAddress } from "./data-address.ts";

const textOf = (url: string): string | undefined => {
  const bytes = decodeDataAddress(url);
  return bytes && new TextDecoder().decode(bytes);
};

describe("decodeDataAddress", () => {
  it.each([
    ["data:,", ""],
    ["data:,hello", "hello"],
    ["data:application/json,%7B%22a%22%3A1%7D", '{"a":1}'],
    ["data:text/plain;charset=utf-8,gr%C3%BC%C3%9Fe", "grüße"],
    ["data:text/plain,grüße", "grüße"],
    ["data:application/json;base64,eyJhIjoxfQ==", '{"a":1}'],
    ["data:application/json;base64,eyJhIjoxfQ", '{"a":1}'],
    ["data:application/json;charset=utf-8;base64,eyJhIjoxfQ==", '{"a":1}'],
    ["data:;base64,eyJh\n IjoxfQ==", '{"a":1}'],
    ["data:;base64,eyJhIjoxfQ%3D%3D", '{"a":1}'],
    ["DATA:; BASE64,eyJhIjoxfQ==", '{"a":1}'],
    ["data:text/plain;base64=no,eyJh", "eyJh"],
    ["data:,100%,%4", "100%,%4"],
    ["data:,a#b", "a"],
    ["data:;base64,", ""],
  ])("reads %j", (url, text) => {
    expect(textOf(url)).toBe(text);
  });

  it.each(["data:", "data:text/plain", "data:;base64,eyJh*", "data:;base64,e", "data:a#,b"])(
    "knows that %j holds nothing",
    (url) => {
      expect(decodeDataAddress(url)).toBeUndefined();
    },
  );

  it("reads whatever bytes as the platform's fetch does", async () => {
    const bytes = fc.uint8Array({ maxLength: 300 });
    await fc.assert(
      fc.asyncProperty(bytes, fc.boolean(), async (given, isBase64) => {
        const url = isBase64
          ? `data:a/b;base64,${Buffer.from(given).toString("base64")}`
          : `data:a/b,${[...given].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("")}`;
        expect(decodeDataAddress(url)).toEqual(given);
        expect(new Uint8Array(await (await fetch(url)).arrayBuffer())).toEqual(given);
      }),
      { numRuns: 50 },
    );
  });
});
