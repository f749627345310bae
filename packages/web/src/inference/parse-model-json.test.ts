import { describe, expect, it } from "vitest";
import { parseModelJson } from "./parse-model-json.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const nested = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
const invalid = (reason: RegExp) =>
  expect.objectContaining({
    code: "model-invalid",
    details: { file: "config.json", reason: expect.stringMatching(reason) as string },
  }) as Error;

describe("a model's JSON file", () => {
  it("is read with all that its texts hold", () => {
    const content = { a: ['["', "\\", "}{[", "é🐈"], b: { c: [1, null] } };
    expect(parseModelJson(bytesOf(JSON.stringify(content)), "config.json")).toEqual(content);
    expect(parseModelJson(bytesOf(nested(64)), "config.json")).toHaveLength(1);
    const text = "[".repeat(1000);
    expect(parseModelJson(bytesOf(JSON.stringify([text])), "config.json")).toEqual([text]);
  });

  it("is refused where it is none, too deep, or too large", () => {
    const parse = (bytes: Uint8Array) => () => parseModelJson(bytes, "config.json");
    expect(parse(bytesOf("<html>"))).toThrow(invalid(/^not JSON/));
    expect(parse(bytesOf(nested(65)))).toThrow(invalid(/deeper than 64/));
    expect(parse(bytesOf('{"a":'.repeat(1_000_000)))).toThrow(invalid(/deeper than 64/));
    expect(parse(new Uint8Array(64 * 2 ** 20 + 1))).toThrow(invalid(/larger than/));
  });
});
