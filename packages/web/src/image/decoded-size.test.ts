import { describe, expect, it } from "vitest";
import { assertDecodedSize } from "./decoded-size.ts";
import { DEFAULT_IMAGE_LIMITS } from "./limits.ts";

const LIMITS = { ...DEFAULT_IMAGE_LIMITS, maxPixels: 1e6 };

function check(width: number, height: number): void {
  const header = { kind: "avif", width: 300, height: 200, segments: 0, scans: 0 } as const;
  assertDecodedSize({ width, height }, header, LIMITS);
}

describe("assertDecodedSize", () => {
  it.each([
    [300, 200],
    [200, 300],
    [299, 10],
  ])("takes %i × %i where 300 × 200 was promised", (width, height) => {
    expect(() => {
      check(width, height);
    }).not.toThrow();
  });

  it.each([
    [301, 200],
    [200, 301],
    [300, 300],
  ])("refuses %i × %i", (width, height) => {
    expect(() => {
      check(width, height);
    }).toThrow(
      expect.objectContaining({ code: "image-unreadable", details: { reason: "malformed" } }),
    );
  });

  it("holds the limits to what was decoded", () => {
    expect(() => {
      check(2000, 1000);
    }).toThrow(
      expect.objectContaining({
        code: "image-too-large",
        details: { what: "pixels", actual: 2e6, limit: 1e6 },
      }),
    );
  });
});
