/** FastVLM sees an image as one square: the encoder runs once, and its features stand in one block. */

import { toImageTensor } from "../../image/tensor/image-tensor.ts";
import type { ChannelRange } from "../../image/tensor/channel-range.ts";
import type { ImageForm } from "../family.ts";
import { FASTVLM_SIDES } from "./sides.ts";

/** From 0 to 1, without another change: `preprocessor_config.json` of Apple's files says the same. */
const RANGE: ChannelRange = { mean: [0, 0, 0], deviation: [1, 1, 1] };

export const FASTVLM_IMAGES: ImageForm = {
  sides: FASTVLM_SIDES,
  byDefault: { fit: "pad", detail: "high" },
  range: RANGE,
  storedAs: "",
  // One image token, and sixteen.
  checkSides: { least: 64, small: 256 },
  tileSide: (imageSize) => imageSize,
  choice: ({ imageSize, isImageSizeFree }) => ({
    largest: imageSize,
    isFree: isImageSizeFree,
    first: { webgpu: imageSize, wasm: halfOf(imageSize) },
  }),
  encodedPixels: (side) => side * side,
  plan(_, { side, fit }) {
    const tokens = (side / FASTVLM_SIDES.step) ** 2;
    return {
      side,
      tokens,
      tiles: [{ side, tokens }],
      pieces: [{ kind: "tile" }],
      draw(pixels) {
        const tile = { data: toImageTensor(pixels, { size: side, fit, range: RANGE }), size: side };
        return () => tile;
      },
    };
  },
};

/** To a side that is possible, and not below the least of `auto`, unless the model's own is. */
function halfOf(largest: number): number {
  const { step, leastAuto } = FASTVLM_SIDES;
  const half = Math.max(step, Math.round(largest / 2 / step) * step);
  return Math.max(Math.min(leastAuto, largest), half);
}
