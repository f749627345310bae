/** The kit's own check image, as the model's family has it encoded and asked about. */

import { drawCheckImage } from "../generation/check-image.ts";
import type { ImageTensor, Runtime } from "../engines/runtime.ts";
import type { ImageForm, ImagePiece } from "../families/family.ts";

/** An image of one tile, and what stands in the prompt in its place. */
export interface CheckTile {
  readonly image: ImageTensor;
  readonly pieces: readonly ImagePiece[];
}

/** @param side of the check image, in pixels */
export function checkTile(form: ImageForm, side: number): CheckTile {
  const { pieces } = form.plan({ width: side, height: side }, { side, fit: "pad" });
  return { image: drawCheckImage(side, form.range), pieces };
}

/** The side that is wanted, where the encoder takes it. */
export function sideFor(
  { isImageSizeFree, imageSize }: Pick<Runtime, "isImageSizeFree" | "imageSize">,
  wanted: number,
): number {
  return isImageSizeFree ? wanted : imageSize;
}
