import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isByteCount, isCacheName, isCommit, isSafePath, isSha256 } from "./manifest-fields.ts";

const HEX = "0123456789abcdef";

describe("hashes", () => {
  it.each([
    [isSha256, 64],
    [isCommit, 40],
  ] as const)("are lower-case hex of their length only: %o", (isHash, length) => {
    const hash = HEX.repeat(4).slice(0, length);
    expect(isHash(hash)).toBe(true);
    for (const wrong of ["", hash.slice(1), `${hash}0`, hash.toUpperCase(), `${hash}\n`]) {
      expect(isHash(wrong), JSON.stringify(wrong)).toBe(false);
    }
    for (const wrong of [undefined, null, 0, [hash]]) expect(isHash(wrong)).toBe(false);
    expect(isHash(hash.replace("a", "g"))).toBe(false);
  });
});

describe("sizes", () => {
  it("are whole, positive and exact", () => {
    expect([1, 505e6, Number.MAX_SAFE_INTEGER].every(isByteCount)).toBe(true);
    for (const wrong of [0, -1, 1.5, NaN, Infinity, 2 ** 53, "1", null, undefined]) {
      expect(isByteCount(wrong), String(wrong)).toBe(false);
    }
  });
});

describe("paths", () => {
  it("are what model repositories use", () => {
    for (const path of [
      "config.json",
      "onnx/vision_encoder_fp16.onnx",
      ".gitattributes",
      "a/b-c/d+e=f@g~(1).bin",
      "a..b",
    ]) {
      expect(isSafePath(path), path).toBe(true);
    }
  });

  it.each([
    ...["", "/", "/etc/passwd", "onnx/", "a//b", ".", "..", "...", "../x", "a/../b", "a/.", "./a"],
    ...["C:\\x", "a\\b", "a:b", "a%2e%2e", "a?b", "a#b", "a b", "a\0b", "a\nb", "a\u202eb", "é"],
    ...["__proto__", "constructor", "toString", "hasOwnProperty", "x".repeat(513)],
  ])("are not %j", (path) => {
    expect(isSafePath(path)).toBe(false);
  });

  it("stay below the folder and the address that they are put behind", () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom("a", ".", "/", ":", "%", "?", "#", "@", "~"),
          maxLength: 6,
        }),
        (path) => {
          fc.pre(isSafePath(path));
          const { href, search, hash } = new URL(`https://host/base/${path}`);
          expect([href, search, hash]).toEqual([`https://host/base/${path}`, "", ""]);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe("names in cache keys", () => {
  it("may be any visible text", () => {
    for (const name of ["main", "refs/pr/1", "onnx-community/FastVLM-0.5B-ONNX", "模型", "🐈"]) {
      expect(isCacheName(name), name).toBe(true);
    }
  });

  it.each([
    "",
    " ",
    "a b",
    "a\tb",
    "a\n",
    "\0",
    "\u007f",
    "a\u00a0b",
    "\u200b",
    "\u202e",
    "\ufeff",
    "../x",
    "a/../b",
    "a\\..",
  ])("are not %j", (name) => {
    expect(isCacheName(name)).toBe(false);
  });

  it("are not half a character, of no text at all, or endless", () => {
    for (const wrong of ["\ud83d", undefined, 5, "x".repeat(257)]) {
      expect(isCacheName(wrong)).toBe(false);
    }
  });

  it("can always be encoded", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 3 }), (units) => {
        const name = String.fromCharCode(...units);
        fc.pre(isCacheName(name));
        expect(decodeURIComponent(encodeURIComponent(name))).toBe(name);
      }),
    );
  });
});
