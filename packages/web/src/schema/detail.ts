/** Which sides of images may be asked for: a matter of the model's family, whose numbers come as data. */

import type { GenericSchema } from "valibot";
import { describeSides, isSide, type ImageSides } from "../protocol/image-sides.ts";
import type { ImageDetail } from "../protocol/options.ts";
import { maybe } from "./fields.ts";
import { read } from "./read.ts";
import { that } from "./values.ts";

const WORDS = ["low", "medium", "high", "auto"];
const QUOTED = WORDS.map((word) => JSON.stringify(word)).join(", ");

/** A word, or any number: which ones the model takes is for {@link assertDetail} to say. */
export const detail = that<ImageDetail>(
  (value) => typeof value === "number" || isWord(value),
  `${QUOTED} or a side in pixels that the model can take`,
);

/** @throws {TypeError} unless `value` is left out, a word, or a side that the model can take */
export function assertDetail(value: ImageDetail | undefined, sides: ImageSides): void {
  const allowed = `${QUOTED} or ${describeSides(sides)} from ${sides.step} to ${sides.most}`;
  const fits = (given: unknown): boolean =>
    isWord(given) || (isSide(given, sides) && given <= sides.most);
  read(maybe(that<ImageDetail>(fits, allowed)), value, "detail");
}

/** A side of a model's own images, which may be larger than what a call can ask for. */
export function sideOf(sides: ImageSides, note = ""): GenericSchema<unknown, number> {
  return that((value) => isSide(value, sides), describeSides(sides) + note);
}

function isWord(value: unknown): boolean {
  return typeof value === "string" && WORDS.includes(value);
}
