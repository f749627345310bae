/** Stored numbers as an app gives them: JSON from its source, which somebody may have edited or extended. */

import { fields, maybe } from "./fields.ts";
import { listThat, that } from "./values.ts";

const SOURCE = ", as `fastvlm-selfcheck` writes it";

const isIndex = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

const isAbove0 = (value: unknown): value is number => typeof value === "number" && value > 0;

export const selfCheck = fields(
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
    imageSize: maybe(
      that<number>(
        (value) => isAbove0(value) && Number.isInteger(value / 64),
        `a multiple of 64${SOURCE}`,
      ),
    ),
  },
  "dropped",
);
