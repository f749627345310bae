/** Draws the synthetic image for the check of a device. It is the same on every machine, bit for bit. */

import type { ImageTensor } from "../engines/runtime.ts";
import { toRange, type ChannelRange } from "../image/tensor/channel-range.ts";

/**
 * Draws colour ramps, a disc and a bar, so that there are smooth areas and edges in all channels.
 *
 * @param size side in pixels
 * @param range of the encoder's numbers
 */
export function drawCheckImage(size: number, range: ChannelRange): ImageTensor {
  const plane = size * size;
  const data = new Float32Array(3 * plane); // [3, size, size]
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const index = y * size + x;
      const [u, v] = [(x + 0.5) / size, (y + 0.5) / size];
      const isDisc = (u - 0.4) ** 2 + (v - 0.45) ** 2 < 0.06;
      const isBar = u > 0.7 && u < 0.8 && v > 0.2 && v < 0.8;
      data[index] = toRange(range, 0, isDisc ? 0.9 : u * 0.5);
      data[plane + index] = toRange(range, 1, isBar ? 0.8 : v * 0.6);
      data[2 * plane + index] = toRange(range, 2, isDisc || isBar ? 0.1 : 1 - u * v);
    }
  }
  return { data, size };
}

/** All grey: an image that has little in common with {@link drawCheckImage}. */
export function greyImage(size: number, range: ChannelRange): ImageTensor {
  const plane = size * size;
  const data = new Float32Array(3 * plane); // [3, size, size]
  for (const channel of [0, 1, 2] as const) {
    data.fill(toRange(range, channel, 0.5), channel * plane, (channel + 1) * plane);
  }
  return { data, size };
}
