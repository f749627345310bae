/** Stored numbers as an app gives them: JSON from its source, which somebody may have edited or extended. */

import type { ImageSides } from "../protocol/image-sides.ts";
import { sideOf } from "./detail.ts";
import { fields, maybe } from "./fields.ts";
import { integerFrom, listThat, that } from "./values.ts";

const SOURCE = ", as `fastvlm-selfcheck` writes it";

const isIndex = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

const isAbove0 = (value: unknown): value is number => typeof value === "number" && value > 0;

/** @param sides that images can have for the model's family; left out where the family is not known yet */
export const selfCheck = (sides?: ImageSides) =>
  fields(
    {
      prompt: that<string>(
        (value) => typeof value === "string" && value !== "",
        `a question${SOURCE}`,
      ),
      expectedTokenIds: listThat<number>(isIndex, `a list of token ids${SOURCE}`, 1),
      features: listThat<number>(Number.isFinite, `a list of numbers${SOURCE}`, 1),
      featureStride: that<number>(
        (value) => isAbove0(value) && isIndex(value),
        `a positive integer${SOURCE}`,
      ),
      minCosine: that<number>(
        (value) => isAbove0(value) && value <= 1,
        `above 0 and at most 1${SOURCE}`,
      ),
      imageSize: maybe(sides ? sideOf(sides, SOURCE) : integerFrom(1, Number.MAX_SAFE_INTEGER)),
    },
    "dropped",
  );
