/**
 * The small files of a model of transformers' class `Idefics3`, as far as they matter. Exporters leave out what is the
 * default of that class, and write much more than this.
 */

import { transform, pipe, type GenericSchema } from "valibot";
import { fields, maybe } from "./fields.ts";
import { integerFrom, listThat, oneOf, that } from "./values.ts";

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

const isId = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;

/** One id, a list of them, or null for none. */
const ids: GenericSchema<unknown, readonly number[]> = pipe(
  that<number | readonly number[] | null>(
    (value) => value === null || [value].flat().every(isId),
    "a token id or a list of them",
  ),
  transform((value) => (value === null ? [] : [value].flat())),
);

export const generationConfig = fields({ eos_token_id: maybe(ids) }, "dropped");
