/**
 * What the files of the small Idefics3 are asked with: the formulas of `tools/exporter-fixtures/idefics3`, for Node and for
 * browsers.
 */

import type { VisionPorts } from "../src/engines/runtime.ts";

export const TILE = 64;
export const TILE_TOKENS = 16;
export const HIDDEN = 32;
export const LAYERS = 3;
export const POSITIONS = 512;

/** As the public files of SmolVLM have them. */
export const IDEFICS3_PORTS: VisionPorts = {
  pixels: "pixel_values",
  hasTileAxis: true,
  mask: "pixel_attention_mask",
  features: "image_features",
};

/** Something different everywhere and in each tile, between -1 and 1: [3, side, side]. */
export function idefics3Tile(index: number): Float32Array {
  const planes = new Float32Array(3 * TILE * TILE);
  let at = 0;
  for (let channel = 0; channel < 3; channel++)
    for (let y = 0; y < TILE; y++)
      for (let x = 0; x < TILE; x++) {
        const slow = Math.sin(((2 * channel + 3 + index) * x) / TILE + (4 * y) / TILE);
        const fast = Math.sin(0.7 * x + (channel + 1) * 1.3 * y + index);
        planes[at++] = 0.6 * slow + 0.4 * fast;
      }
  return planes;
}
