/**
 * SmolVLM sees an image as tiles: the crops of the image row by row, and last the whole image as one tile. An image of
 * one tile is only seen whole. Pixels are those of Python's `Idefics3ImageProcessor`: each of its three resizes is
 * Pillow's Lanczos, rounded to bytes.
 */

import { LANCZOS } from "../../image/tensor/axis-weights.ts";
import type { ChannelRange } from "../../image/tensor/channel-range.ts";
import { WHITE } from "../../image/tensor/image-tensor.ts";
import { cropToTensor } from "../../image/tensor/crop-to-tensor.ts";
import type { ImagePixels, OpaqueImage } from "../../image/tensor/resample.ts";
import { resizeImage, resizePixels } from "../../image/tensor/resize-image.ts";
import type { Size } from "../../image/formats/size.ts";
import type { ImageFit } from "../../protocol/options.ts";
import type { ImageTensor } from "../../engines/runtime.ts";
import type { ImageForm, ImagePiece, ImageTile } from "../family.ts";
import { gridOf, type TileGrid } from "./grid.ts";
import { piecesOf } from "./pieces.ts";
import { smolVlmSides } from "./sides.ts";

/** How one model of the family sees images. */
export interface TileForm {
  /** Side of a tile, in pixels. */
  readonly tile: number;
  /** Positions that the features of a tile take in the prompt. */
  readonly tokens: number;
  readonly range: ChannelRange;
}

/** A GPU whose speed is not known begins with up to 2 × 2 tiles and the whole image, a CPU with one tile. */
const FIRST_TILES = { webgpu: 2, wasm: 1 } as const;

export function smolVlmImages({ tile, tokens, range }: TileForm): ImageForm {
  const sides = smolVlmSides({ tileSize: tile });
  return {
    sides,
    byDefault: { fit: "stretch", detail: "auto" },
    range,
    storedAs: `tiles of ${String(tile)}`,
    checkSides: { least: tile, small: tile },
    tileSide: () => tile,
    choice: (_, imageSize) => ({
      largest: imageSize,
      isFree: true,
      first: {
        webgpu: Math.min(imageSize, FIRST_TILES.webgpu * tile),
        wasm: FIRST_TILES.wasm * tile,
      },
    }),
    encodedPixels: (side) => (side <= tile ? tile ** 2 : side ** 2 + tile ** 2),
    plan(image, { side, fit }) {
      const seen = windowOf(image, fit);
      // A small image in a large grid would only be blurred over more tiles.
      const longest = Math.min(side, Math.ceil(Math.max(seen.width, seen.height) / tile) * tile);
      const grid = gridOf(seen, longest, tile);
      const pieces = piecesOf(grid);
      const tiles = new Array<ImageTile>(grid.rows * grid.columns + 1).fill({ side: tile, tokens });
      return {
        side: longest,
        tokens: pieces.reduce((sum, piece) => sum + positionsOf(piece, tokens), 0),
        tiles,
        pieces,
        draw: (pixels) => drawTiles(pixels, seen, grid, { tile, range }),
      };
    },
  };
}

/** The part of an image that is seen: all of it, a square around it, or the square in its middle. */
function windowOf({ width, height }: Size, fit: ImageFit): Size {
  if (fit === "stretch") return { width, height };
  const side = fit === "pad" ? Math.max(width, height) : Math.min(width, height);
  return { width: side, height: side };
}

/** The family's own texts are newlines, which are one token however many there are. */
function positionsOf({ kind }: ImagePiece, tileTokens: number): number {
  return kind === "tile" ? tileTokens : 1;
}

function drawTiles(
  pixels: ImagePixels,
  window: Size,
  { scaled, stretched, columns }: TileGrid,
  { tile, range }: Pick<TileForm, "tile" | "range">,
): (index: number) => ImageTensor {
  const first = resizePixels(pixels, { window, size: scaled, filter: LANCZOS, background: WHITE });
  const image = resizeImage(first, stretched, LANCZOS);
  let whole: OpaqueImage | undefined;
  return (index) => {
    const count = (stretched.width / tile) * (stretched.height / tile);
    const isWhole = columns === 0 || index === count;
    if (isWhole) whole ??= resizeImage(image, { width: tile, height: tile }, LANCZOS);
    const left = isWhole ? 0 : (index % columns) * tile;
    const top = isWhole ? 0 : Math.floor(index / columns) * tile;
    const source = isWhole ? whole! : image;
    return { data: cropToTensor(source, { left, top, side: tile }, range), size: tile };
  };
}
