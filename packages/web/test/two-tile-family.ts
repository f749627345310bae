/**
 * A family that has little in common with FastVLM: an image is two tiles between marks, and pixels go from -1 to 1. It shows what the seam carries; no model is behind it.
 */

import type { ImageForm, ModelFamily, PromptForm } from "../src/families/family.ts";
import { toImageTensor } from "../src/image/tensor/image-tensor.ts";
import type { ImagePixels } from "../src/image/tensor/resample.ts";

const SIDES = { step: 8, most: 16, leastAuto: 8 };
const RANGE = { mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5] } as const;
const TILE = { side: 8, tokens: 3 };

const TWO_TILE_PROMPT: PromptForm = {
  imageToken: "<picture>",
  answerPrefix: "",
  readTemplate: () => ({}),
  write: (messages) =>
    messages.map(({ images, text }) => "<picture>".repeat(images) + text).join(""),
};

/** The left and the right half of an image. */
function halves({ data, width, height }: ImagePixels): ImagePixels[] {
  const half = width / 2;
  return [0, half].map((left) => {
    const pixels = new Uint8ClampedArray(half * height * 4);
    for (let y = 0; y < height; y++) {
      const from = (y * width + left) * 4;
      pixels.set(data.subarray(from, from + half * 4), y * half * 4);
    }
    return { data: pixels, width: half, height };
  });
}

const TWO_TILE_IMAGES: ImageForm = {
  sides: SIDES,
  byDefault: { fit: "stretch", detail: "high" },
  range: RANGE,
  storedAs: "two-tile",
  checkSides: { least: 8, small: 8 },
  tileSide: () => 8,
  choice: (_, imageSize) => ({
    largest: imageSize,
    isFree: true,
    first: { webgpu: imageSize, wasm: imageSize },
  }),
  encodedPixels: () => 2 * 8 * 8,
  plan: (_, { side, fit }) => ({
    side,
    tokens: 2 * TILE.tokens + 4, // Two marks, the byte of the text, and the end.
    tiles: [TILE, TILE],
    pieces: [
      { kind: "control", token: "<left>" },
      { kind: "tile" },
      { kind: "text", text: "\n" },
      { kind: "control", token: "<right>" },
      { kind: "tile" },
      { kind: "control", token: "<end>" },
    ],
    draw(pixels) {
      const parts = halves(pixels);
      return (tile) => ({
        data: toImageTensor(parts[tile]!, { size: TILE.side, fit, range: RANGE }),
        size: TILE.side,
      });
    },
  }),
};

export const TWO_TILES: ModelFamily = {
  name: "two-tiles",
  configure: () => ({
    maxPositions: 1000,
    ends: { ids: [256], tokens: [] },
    ports: { pixels: "pixels", mask: "mask", features: "rows", hasTileAxis: true },
    prompt: TWO_TILE_PROMPT,
    images: TWO_TILE_IMAGES,
  }),
};
