/** The small files of any model, as far as they matter. Exporters write much more than this into them. */

import { pipe, transform, type GenericSchema } from "valibot";
import { fields, listOf, maybe } from "./fields.ts";
import { integerFrom, textOf, that } from "./values.ts";

const isId = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;

/** One id, a list of them, or null for none. */
export const tokenIds: GenericSchema<unknown, readonly number[]> = pipe(
  that<number | readonly number[] | null>(
    (value) => value === null || [value].flat().every(isId),
    "a token id or a list of them",
  ),
  transform((value) => (value === null ? [] : [value].flat())),
);

export const generationConfig = fields({ eos_token_id: maybe(tokenIds) }, "dropped");

/** Of `tokenizer.json`. */
export const tokenizerFile = fields(
  {
    added_tokens: listOf(
      fields({ id: integerFrom(0, Number.MAX_SAFE_INTEGER), content: textOf("a text") }, "dropped"),
      "a list of added tokens",
    ),
  },
  "dropped",
);
