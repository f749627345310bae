/** What an app may say of the images that it takes. */

import { exactOptional } from "valibot";
import { fields } from "./fields.ts";
import { that } from "./values.ts";

/** `Infinity` lifts a limit. Undefined does not, and is more likely a mistake than the wish for the default. */
const limit = exactOptional(
  that<number>((value) => typeof value === "number" && value > 0, "a positive number"),
);

export const imageLimits = fields({
  maxBytes: limit,
  maxSide: limit,
  maxPixels: limit,
  maxReducedPixels: limit,
  maxSegments: limit,
  maxScans: limit,
  maxChunks: limit,
  maxRatio: limit,
  maxDecodeMs: limit,
});
