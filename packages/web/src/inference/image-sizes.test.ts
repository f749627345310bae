import { describe, expect, it } from "vitest";
import { FASTVLM_IMAGES } from "../families/fastvlm/images.ts";
import { FASTVLM_SIDES } from "../families/fastvlm/sides.ts";
import type { ImageDetail } from "../protocol/options.ts";
import { capToImage, createImageSizes } from "./image-sizes.ts";

const create = ({
  device = "wasm",
  largest = 1024,
  isFree = true,
}: Partial<Pick<Parameters<typeof createImageSizes>[0], "device" | "largest" | "isFree">> = {}) =>
  createImageSizes({
    device,
    form: FASTVLM_IMAGES,
    ...FASTVLM_IMAGES.choice({ imageSize: largest, isImageSizeFree: isFree }, largest),
  });

const wanting = (detail: ImageDetail | undefined, targetLatencyMs?: number) => ({
  detail,
  targetLatencyMs,
});

/** An encoder that takes so many milliseconds at 1024 px, and as much less as there are fewer pixels. */
function settle(sizes: ReturnType<typeof create>, fullMs: number, targetMs?: number): number {
  for (let round = 0; round < 12; round++) {
    const size = sizes.choose(wanting("auto", targetMs));
    sizes.noteEncoding({ side: size }, (fullMs * size ** 2) / 1024 ** 2);
  }
  return sizes.choose(wanting("auto", targetMs));
}

describe("words for a size", () => {
  it.each<[ImageDetail | undefined, number, number]>([
    [undefined, 1024, 1024],
    ["high", 1024, 1024],
    ["medium", 1024, 512],
    ["low", 1024, 256],
    ["medium", 320, 192],
    ["low", 128, 64],
    [384, 1024, 384],
  ])("%s of %d px is %d px", (detail, largest, expected) => {
    expect(create({ largest }).choose(wanting(detail))).toBe(expected);
  });

  it("mean nothing where the file takes one size only", () => {
    const sizes = create({ isFree: false });
    for (const detail of ["low", "auto", 384] as const) {
      expect(sizes.choose(wanting(detail))).toBe(1024);
    }
  });
});

describe("auto", () => {
  it("starts with what the device is likely to do", () => {
    expect(create().choose(wanting("auto"))).toBe(512);
    expect(create({ device: "webgpu" }).choose(wanting("auto"))).toBe(1024);
    expect(create({ largest: 256 }).choose(wanting("auto"))).toBe(256);
  });

  it.each([
    [100, 1024],
    [1900, 1024],
    [8000, 512],
    [12_000, 448],
    [100_000, 256],
  ])("with %d ms at 1024 px comes to %d px on WASM", (fullMs, expected) => {
    expect(settle(create(), fullMs)).toBe(expected);
  });

  it("aims at what the call says", () => {
    expect(settle(create(), 8000, 4000)).toBe(704);
    expect(settle(create({ device: "webgpu" }), 500)).toBe(768);
  });

  it("stays where it is when measurements waver", () => {
    const sizes = create();
    settle(sizes, 8000);
    for (const factor of [1.2, 0.9, 1.1, 0.95, 1.15, 1]) {
      sizes.noteEncoding({ side: 512 }, 2000 * factor);
      expect(sizes.choose(wanting("auto"))).toBe(512);
    }
  });

  it("forgets one slow encoding among fast ones", () => {
    const sizes = create();
    settle(sizes, 100);
    sizes.noteEncoding({ side: 1024 }, 60_000);
    expect(sizes.choose(wanting("auto"))).toBe(1024);
  });
});

it.each([
  [1024, 1024, 768, 1024],
  [1024, 500, 300, 512],
  [1024, 300, 512, 512],
  [1024, 513, 10, 576],
  [256, 5000, 5000, 256],
  [256, 3, 3, 64],
])("a square of %d px for an image of %d × %d is %d px", (size, width, height, expected) => {
  expect(capToImage(size, { width, height }, FASTVLM_SIDES)).toBe(expected);
});
