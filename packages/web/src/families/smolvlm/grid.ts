/**
 * Into how many tiles an image is cut. The sizes and their roundings are those of `Idefics3ImageProcessor` in Python's
 * transformers, which SmolVLM was trained with: the image is scaled to its longest side, and each side is then stretched
 * up to a whole number of tiles.
 */

import type { Size } from "../../image/formats/size.ts";

export interface TileGrid {
  /** The image after its longest side was scaled, in pixels. */
  readonly scaled: Size;
  /** The image after both sides were stretched: `columns` by `rows` tiles. */
  readonly stretched: Size;
  /** Rows of tiles; 0 for an image that is a single tile. So are `columns`. */
  readonly rows: number;
  readonly columns: number;
}

/**
 * @param longest the longest side that the image is scaled to, a multiple of `tile`
 * @param tile side of a tile, in pixels
 */
export function gridOf(image: Size, longest: number, tile: number): TileGrid {
  const scaled = scaleTo(image, longest);
  const stretched = stretchTo(scaled, tile);
  const isCut = stretched.width > tile || stretched.height > tile;
  return {
    scaled,
    stretched,
    rows: isCut ? stretched.height / tile : 0,
    columns: isCut ? stretched.width / tile : 0,
  };
}

/** The other side is cut to a whole number and made even. */
function scaleTo({ width, height }: Size, longest: number): Size {
  const ratio = width / height;
  return width >= height
    ? { width: longest, height: toEven(longest / ratio) }
    : { width: toEven(longest * ratio), height: longest };
}

function toEven(side: number): number {
  const whole = Math.trunc(side);
  return Math.max(1, whole + (whole % 2));
}

/** The longer side decides first; the shorter one follows it at the same ratio, before it is stretched too. */
function stretchTo({ width, height }: Size, tile: number): Size {
  const ratio = width / height;
  const up = (side: number): number => Math.ceil(side / tile) * tile;
  if (width >= height) {
    const stretched = up(width);
    return { width: stretched, height: up(Math.trunc(stretched / ratio)) };
  }
  const stretched = up(height);
  return { width: up(Math.trunc(stretched * ratio)), height: stretched };
}
