/** Reads the small files of a model that a comparison needs. */

import type { TextCodec } from "../engines/runtime.ts";
import { readModelConfig } from "../schema/model-config.ts";
import { createTextCodec } from "../inference/tokenizer.ts";

export interface ModelFolder {
  readonly codec: TextCodec;
  readonly endIds: ReadonlySet<number>;
  readonly maxPositions: number;
}

/**
 * @param readText returns the content of a file, or undefined if there is none of that name
 * @throws {VlmError} `model-invalid` when the files are not those of a FastVLM
 */
export async function readModelFolder(
  readText: (path: string) => Promise<string | undefined>,
): Promise<ModelFolder> {
  const readJson = async (path: string): Promise<unknown> =>
    JSON.parse((await readText(path)) ?? "null") as unknown;
  const { maxPositions, endIds } = readModelConfig({
    config: await readJson("config.json"),
    generation: await readJson("generation_config.json"),
  });
  const codec = createTextCodec(
    await readJson("tokenizer.json"),
    await readJson("tokenizer_config.json"),
    await readText("chat_template.jinja"),
  );
  const known = ["<|im_end|>", "<|endoftext|>"].flatMap((token) => codec.controlId(token) ?? []);
  return { codec, endIds: new Set([...endIds, ...known]), maxPositions };
}
