/** Draws the synthetic image for the check of a device. It is the same on every machine, bit for bit. */

import type { ImageTensor } from "../engines/runtime.ts";

/**
 * Draws colour ramps, a disc and a bar, so that there are smooth areas and edges in all channels.
 *
 * @param size side in pixels
 */
export function checkImage(size: number): ImageTensor {
  const plane = size * size;
  const data = new Float32Array(3 * plane); // [3, size, size]
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const index = y * size + x;
      const [u, v] = [(x + 0.5) / size, (y + 0.5) / size];
      const isDisc = (u - 0.4) ** 2 + (v - 0.45) ** 2 < 0.06;
      const isBar = u > 0.7 && u < 0.8 && v > 0.2 && v < 0.8;
      data[index] = isDisc ? 0.9 : u * 0.5;
      data[plane + index] = isBar ? 0.8 : v * 0.6;
      data[2 * plane + index] = isDisc || isBar ? 0.1 : 1 - u * v;
    }
  }
  return { data, size };
}
