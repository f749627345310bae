import { describe, expect, it } from "vitest";
import { pixelHintOf } from "./pixel-hint.ts";

/** An image whose pixel at `x`, `y` has the colour that `colourAt` returns. */
function imageOf(
  width: number,
  height: number,
  colourAt: (x: number, y: number) => readonly number[],
) {
  const data = new Uint8ClampedArray(width * height * 4);
  for (let at = 0; at < width * height; at++) {
    data.set(colourAt(at % width, Math.floor(at / width)), at * 4);
  }
  return { data, width, height };
}

describe("pixelHintOf", () => {
  it("knows images of one colour, also with noise and with a few other pixels", () => {
    expect(pixelHintOf(imageOf(64, 64, () => [0, 0, 0, 255]))).toBe("nearly-uniform");
    const noisy = imageOf(1000, 700, (x, y) => [200 + ((x * 7 + y * 3) % 9), 90, 90, 255]);
    expect(pixelHintOf(noisy)).toBe("nearly-uniform");
    const dusty = imageOf(128, 128, (x, y) =>
      x === 5 && y < 9 ? [0, 0, 0, 255] : [255, 255, 255, 255],
    );
    expect(pixelHintOf(dusty)).toBe("nearly-uniform");
    expect(pixelHintOf(imageOf(1, 1, () => [1, 2, 3, 255]))).toBe("nearly-uniform");
  });

  it("knows an empty canvas, whatever colour lies under its transparency", () => {
    expect(pixelHintOf(imageOf(300, 150, () => [0, 0, 0, 0]))).toBe("transparent");
    expect(pixelHintOf(imageOf(300, 150, (x) => [x % 255, 0, 0, 0]))).toBe("transparent");
  });

  it("says nothing of an image with something on it", () => {
    const line = imageOf(512, 512, (x, y) =>
      Math.abs(x - y) < 2 ? [0, 0, 0, 255] : [255, 255, 255, 255],
    );
    expect(pixelHintOf(line)).toBeUndefined();
    expect(pixelHintOf(imageOf(256, 256, (x) => [x, x, x, 255]))).toBeUndefined();
    // Two colours that are equally common are not one colour.
    expect(pixelHintOf(imageOf(64, 64, (x) => [x < 32 ? 0 : 255, 0, 0, 255]))).toBeUndefined();
  });

  it("sees transparent pixels as the encoder does, on white", () => {
    expect(pixelHintOf(imageOf(64, 64, (x) => [0, 0, 0, x % 2]))).toBe("nearly-uniform");
    expect(pixelHintOf(imageOf(64, 64, (x) => [0, 0, 0, x < 32 ? 0 : 255]))).toBeUndefined();
  });
});
