/** Reads the small files of a model that a comparison needs. */

import type { TextCodec } from "../engines/runtime.ts";
import { familyNameOfConfig } from "../families/family-name.ts";
import { familyOf } from "../families/index.ts";
import type { ModelSetup } from "../families/family.ts";
import { endIdsOf } from "../generation/end-ids.ts";
import { createTextCodec } from "../inference/tokenizer.ts";

export interface ModelFolder {
  readonly setup: ModelSetup;
  readonly codec: TextCodec;
  readonly endIds: ReadonlySet<number>;
  readonly maxPositions: number;
}

/**
 * @param readText returns the content of a file, or undefined if there is none of that name
 * @throws {VlmError} `model-invalid` when the files are not those of a family that is known
 */
export async function readModelFolder(
  readText: (path: string) => Promise<string | undefined>,
): Promise<ModelFolder> {
  const readJson = async (path: string): Promise<unknown> =>
    JSON.parse((await readText(path)) ?? "null") as unknown;
  const config = await readJson("config.json");
  const setup = familyOf({ family: familyNameOfConfig(config) }).configure({
    config,
    generation: await readJson("generation_config.json"),
    preprocessor: await readJson("preprocessor_config.json"),
  });
  const codec = createTextCodec(
    await readJson("tokenizer.json"),
    await readJson("tokenizer_config.json"),
    setup.prompt,
    { template: await readText("chat_template.jinja") },
  );
  return { setup, codec, endIds: endIdsOf(setup, codec), maxPositions: setup.maxPositions };
}
