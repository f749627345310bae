/** Reads the small files of a model that a comparison needs. */

import type { TextCodec } from "../engines/runtime.ts";
import { familyOf } from "../families/index.ts";
import type { ModelSetup } from "../families/family.ts";
import { endIdsOf } from "../generation/end-ids.ts";
import type { ModelDescriptor } from "../protocol/model-descriptor.ts";
import { createTextCodec } from "../inference/tokenizer.ts";

export interface ModelFolder {
  readonly setup: ModelSetup;
  readonly codec: TextCodec;
  readonly endIds: ReadonlySet<number>;
  readonly maxPositions: number;
}

/**
 * @param readText returns the content of a file, or undefined if there is none of that name
 * @param model says which family the files belong to
 * @throws {VlmError} `model-invalid` when the files are not those of that family
 */
export async function readModelFolder(
  readText: (path: string) => Promise<string | undefined>,
  model: Pick<ModelDescriptor, "family"> = {},
): Promise<ModelFolder> {
  const readJson = async (path: string): Promise<unknown> =>
    JSON.parse((await readText(path)) ?? "null") as unknown;
  const setup = familyOf(model).configure({
    config: await readJson("config.json"),
    generation: await readJson("generation_config.json"),
    preprocessor: await readJson("preprocessor_config.json"),
  });
  const codec = createTextCodec(
    await readJson("tokenizer.json"),
    await readJson("tokenizer_config.json"),
    setup.prompt,
    await readText("chat_template.jinja"),
  );
  return { setup, codec, endIds: endIdsOf(setup, codec), maxPositions: setup.maxPositions };
}
