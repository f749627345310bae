/** Decides how large an image is sent to a node, and which part of it. */

import type { Size } from "../image/formats/size.ts";
import type { ImageDetail } from "../protocol/options.ts";
import type { ImageView } from "../wire/worker-api.ts";

/** A part of an image, in its pixels, and the size at which it is sent. */
export interface SentArea extends Size {
  readonly left: number;
  readonly top: number;
  readonly sentWidth: number;
  readonly sentHeight: number;
}

/**
 * `crop` keeps the middle, as on the device. All other fits send the whole image, since the server knows how its model sees
 * it.
 *
 * @param maxSide the longest side that the node gets, in pixels
 */
export function toSentArea(
  size: Size,
  view: Pick<ImageView, "fit" | "detail">,
  maxSide: number,
): SentArea {
  const area = view.fit === "crop" ? squareIn(size) : { left: 0, top: 0, ...size };
  const longest = Math.max(area.width, area.height);
  const scale = Math.min(1, sideOf(view.detail, maxSide) / longest);
  return {
    ...area,
    sentWidth: Math.max(1, Math.round(area.width * scale)),
    sentHeight: Math.max(1, Math.round(area.height * scale)),
  };
}

/** A number is a side; the words are shares of the node's side, as they are shares of a model's side on the device. */
function sideOf(detail: ImageDetail | undefined, maxSide: number): number {
  if (typeof detail === "number") return Math.min(detail, maxSide);
  if (detail === "low") return maxSide / 4;
  return detail === "medium" ? maxSide / 2 : maxSide;
}

function squareIn({ width, height }: Size): Omit<SentArea, "sentWidth" | "sentHeight"> {
  const side = Math.min(width, height);
  return {
    left: Math.floor((width - side) / 2),
    top: Math.floor((height - side) / 2),
    width: side,
    height: side,
  };
}
