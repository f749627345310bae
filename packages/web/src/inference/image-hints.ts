/** Says in words why an answer about an image may be of little use. */

import type { ImageHint } from "../protocol/result.ts";
import type { KnownImage } from "../storage/image-cache.ts";

/** From this ratio of the sides on, what is on an image is hard to see in the square or the tiles that it becomes. */
const LONG_RATIO = 8;

const CANVAS_ADVICE =
  "If it comes from a WebGL canvas, create its context with `preserveDrawingBuffer: true`, or ask right after drawing.";

/** @returns undefined if there is nothing to say */
export function toHints({
  width,
  height,
  hint,
}: Pick<KnownImage, "width" | "height" | "hint">): readonly ImageHint[] | undefined {
  const hints: ImageHint[] = [];
  if (hint === "transparent") {
    hints.push({
      code: hint,
      message: `Every pixel of the image is transparent. ${CANVAS_ADVICE}`,
    });
  }
  if (hint === "nearly-uniform") {
    hints.push({
      code: hint,
      message: `Nearly all pixels of the image have one colour, so there is little to describe. ${CANVAS_ADVICE}`,
    });
  }
  const ratio = Math.max(width, height) / Math.min(width, height);
  if (ratio > LONG_RATIO) {
    hints.push({
      code: "very-long",
      message:
        `One side of the image is ${ratio.toFixed(0)} times the other, so the model sees what is on it very small. ` +
        "Cut it into parts and ask about each. A higher `detail` helps a model that sees tiles.",
    });
  }
  return hints.length > 0 ? hints : undefined;
}
