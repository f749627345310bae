import type { ImageSides } from "../../protocol/image-sides.ts";

/**
 * FastViTHD halves its input six times: 64 × 64 pixels become one token (arXiv 2412.13303). The kit
 * accepts sides up to twice the 1024 px that the public models were trained with.
 */
export const FASTVLM_SIDES: ImageSides = { step: 64, most: 2048, leastAuto: 256 };
