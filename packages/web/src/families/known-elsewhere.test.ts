/** What belongs to a family is known in its room only: the other rooms ask it. */

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const SOURCES = fileURLToPath(new URL("..", import.meta.url));

/** The texts of a room's files without their comments. */
const files = readdirSync(SOURCES, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts") && !/\.test\.ts$|\/fixtures\/|^families\//.test(path))
  .map((path) => {
    const text = readFileSync(SOURCES + path, "utf8");
    return { path, code: text.replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, "") };
  });

/** Where such a number is no family's: byte values in any range, and positions by which a KV cache grows. */
const OTHER_NUMBERS = ["image/tensor/channel-range.ts", "engines/ort/appended-kv-cache.ts"];

describe("what a family knows", () => {
  it.each([
    ["a token that stands for images", /<image>/],
    ["a token that ends answers", /<\|(im_end|endoftext)\|>/],
    // llama.cpp and Ollama are servers that remote nodes may be.
    ["a kind of decoder or tokenizer", /qwen|(?<!o)llama(?![.]cpp)/i],
    ["a kind of encoder", /fastvit|siglip/i],
    // Of sides and strides only: bytes, bits and digits of hashes have powers of two of their own.
    ["a step of sides", /(side|size|step|stride|width|height)\w*\s*([%/=]|: |>=|<=)\s*64\b/i],
    ["a side of check images", /\b(SMALL|CHECK|SANITY|CPU)_SIZE\b/],
    ["a range of pixels", /byte \/ 255(?!.*range)/],
  ])("as %s is in no other room", (_, pattern) => {
    const found = files.filter(({ code, path }) => {
      return pattern.test(code) && !OTHER_NUMBERS.includes(path);
    });
    expect(found.map(({ path }) => path)).toEqual([]);
  });
});
