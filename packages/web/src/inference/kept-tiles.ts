/** Tiles are needed twice, for their keys and for the encoder, and to draw one takes a CPU tens of milliseconds. */

import type { ImageTensor } from "../engines/runtime.ts";

/** Five tiles of 512 px: a grid of 2 × 2 and the whole image. */
const MAX_KEPT_BYTES = 16 * 2 ** 20;

/**
 * Draws each tile once, where all of them together are small enough to be kept. Of an image of more tiles the first ones are kept,
 * and the others are drawn whenever they are asked for; only the last of those is kept too.
 *
 * @param drawTile computes a tile: [3, side, side]
 */
export function keepTiles(
  drawTile: (tile: number) => ImageTensor,
  maxBytes = MAX_KEPT_BYTES,
): (tile: number) => ImageTensor {
  const kept = new Map<number, ImageTensor>();
  let bytes = 0;
  let last: { readonly tile: number; readonly tensor: ImageTensor } | undefined;
  return (tile) => {
    const known = kept.get(tile) ?? (last?.tile === tile ? last.tensor : undefined);
    if (known) return known;
    const tensor = drawTile(tile);
    if (bytes + tensor.data.byteLength <= maxBytes) {
      kept.set(tile, tensor);
      bytes += tensor.data.byteLength;
    } else {
      last = { tile, tensor };
    }
    return tensor;
  };
}
