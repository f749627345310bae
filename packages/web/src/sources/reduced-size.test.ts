import { describe, expect, it } from "vitest";
import { reducedSize } from "./reduced-size.ts";

describe("reducedSize", () => {
  it("halves an image as long as the encoder still sees it whole", () => {
    expect(reducedSize({ width: 8000, height: 5000 }, { side: 1024, fit: undefined })).toEqual({
      width: 2000,
      height: 1250,
    });
    expect(reducedSize({ width: 8000, height: 5001 }, { side: 2048, fit: "stretch" })).toEqual({
      width: 4000,
      height: 2501,
    });
    expect(reducedSize({ width: 8000, height: 5000 }, { side: 256, fit: "pad" })).toEqual({
      width: 2000,
      height: 1250,
    });
    expect(reducedSize({ width: 3071, height: 10 }, { side: 1024, fit: "stretch" }).width).toBe(
      3071,
    );
  });

  it("keeps small images as they are, whatever the encoder sees of them", () => {
    expect(reducedSize({ width: 1920, height: 1080 }, { side: 64, fit: undefined })).toEqual({
      width: 1920,
      height: 1080,
    });
  });

  it("looks at the shorter side where the longer one is cut off", () => {
    const panorama = { width: 16_000, height: 2500 };
    expect(reducedSize(panorama, { side: 1024, fit: "crop" })).toEqual(panorama);
    expect(reducedSize(panorama, { side: 1024, fit: "pad" }).width).toBe(2000);
  });

  it("never halves a side to nothing", () => {
    expect(reducedSize({ width: 16_384, height: 1 }, { side: 64, fit: "pad" })).toEqual({
      width: 1024,
      height: 1,
    });
  });
});
