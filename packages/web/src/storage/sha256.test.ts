import { afterEach, describe, expect, it, vi } from "vitest";
import { hashHex, makeBytes } from "../../test/model-download.ts";
import { sha256, sha256OfParts } from "./sha256.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

async function* cut(bytes: Uint8Array, partBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += partBytes) {
    yield await Promise.resolve(bytes.subarray(at, at + partBytes));
  }
}

describe("sha256", () => {
  it.each([
    ["with WebCrypto", true],
    ["on a page without https, which has none", false],
  ])("is the same %s", async (_, hasWebCrypto) => {
    if (!hasWebCrypto) vi.stubGlobal("crypto", {});
    for (const length of [0, 1, 63, 64, 65, 100_000]) {
      const bytes = makeBytes(length);
      expect(await sha256(bytes)).toBe(hashHex(bytes));
    }
  });

  it("hashes the bytes of a view, and not of what it looks at", async () => {
    const bytes = makeBytes(100);
    expect(await sha256(bytes.subarray(10, 20))).toBe(hashHex(bytes.slice(10, 20)));
  });
});

describe("sha256OfParts", () => {
  it.each([1, 7, 64, 999, 1000, 5000])("is that of the whole in parts of %d", async (partBytes) => {
    const bytes = makeBytes(1000);
    expect(await sha256OfParts(cut(bytes, partBytes))).toBe(hashHex(bytes));
  });

  it("is that of nothing where there are no parts", async () => {
    expect(await sha256OfParts(cut(new Uint8Array(), 1))).toBe(hashHex(new Uint8Array()));
  });
});
