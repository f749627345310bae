/** Opens the tokenizer of the folder that `weights.py` wrote. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { TextCodec } from "../../src/engines/runtime.ts";
import { FASTVLM_PROMPT } from "../../src/families/fastvlm/fastvlm.ts";
import { createTextCodec } from "../../src/inference/tokenizer.ts";

/** @param folder with `tokenizer.json` and `tokenizer_config.json` in it */
export async function openCodec(folder: string): Promise<TextCodec> {
  const readJson = async (name: string): Promise<unknown> =>
    JSON.parse(await readFile(join(folder, name), "utf8"));
  return createTextCodec(
    await readJson("tokenizer.json"),
    await readJson("tokenizer_config.json"),
    FASTVLM_PROMPT,
  );
}
