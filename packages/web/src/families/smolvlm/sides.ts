import type { ImageSides } from "../../protocol/image-sides.ts";
import type { ModelDescriptor } from "../../protocol/model-descriptor.ts";

/** Side of a tile of SmolVLM's public models, in pixels: `max_image_size` of their `preprocessor_config.json`. */
const PUBLIC_TILE = 512;

/** They were trained with images whose longest side is four tiles: `size.longest_edge` of the same file is 2048. */
const MOST_TILES = 4;

/** The longest side of an image is a whole number of tiles. */
export function smolVlmSides({
  tileSize = PUBLIC_TILE,
}: Pick<ModelDescriptor, "tileSize">): ImageSides {
  return { step: tileSize, most: MOST_TILES * tileSize, leastAuto: tileSize };
}
