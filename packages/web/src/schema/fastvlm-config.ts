/** `config.json` of a FastVLM, as far as it matters. */

import { fields, maybe } from "./fields.ts";
import { tokenIds } from "./model-files.ts";
import { integerFrom } from "./values.ts";

const decoder = {
  max_position_embeddings: maybe(integerFrom(1, Number.MAX_SAFE_INTEGER)),
  eos_token_id: maybe(tokenIds),
};

/** Apple's own config has the decoder's settings at the top, that of transformers' `fast_vlm` in `text_config`. */
export const fastVlmConfig = fields(
  { ...decoder, text_config: maybe(fields(decoder, "dropped")) },
  "dropped",
);
