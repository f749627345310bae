/**
 * The small files of a model of transformers' class `Idefics3`, as far as they matter. Exporters leave out what is the
 * default of that class, and write much more than this.
 */

import { pipe, transform } from "valibot";
import { fields, maybe } from "./fields.ts";
import { integerFrom, listThat, oneOf } from "./values.ts";

const positive = maybe(integerFrom(1, Number.MAX_SAFE_INTEGER));

const edge = maybe(fields({ longest_edge: positive }, "dropped"));

const threeNumbers = maybe(
  pipe(
    listThat<number>(Number.isFinite, "three numbers", 3),
    transform(([red = 0, green = 0, blue = 0]) => [red, green, blue] as const),
  ),
);

export const idefics3Config = fields(
  {
    model_type: oneOf(["idefics3", "smolvlm"]),
    scale_factor: positive,
    text_config: maybe(fields({ max_position_embeddings: positive }, "dropped")),
    vision_config: maybe(fields({ image_size: positive, patch_size: positive }, "dropped")),
  },
  "dropped",
);

export const idefics3Preprocessor = fields(
  { max_image_size: edge, image_mean: threeNumbers, image_std: threeNumbers },
  "dropped",
);
