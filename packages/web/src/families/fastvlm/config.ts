/** What the small files of a FastVLM say. */

import { fastVlmConfig } from "../../schema/fastvlm-config.ts";
import { generationConfig } from "../../schema/model-files.ts";
import type { ConfigFiles } from "../family.ts";
import { modelFileInvalid, readModelFile } from "../read-model-file.ts";

export interface FastVlmConfig {
  /** Positions that a sequence may have. */
  readonly maxPositions: number;
  /** Ids that end an answer. */
  readonly endIds: readonly number[];
}

const NAME = "FastVLM";

/** @throws {VlmError} `model-invalid` */
export function readFastVlmConfig(files: ConfigFiles): FastVlmConfig {
  const config = readModelFile(fastVlmConfig, files.config, "config.json", NAME);
  const generation = readModelFile(
    generationConfig,
    files.generation ?? {},
    "generation_config.json",
    NAME,
  );
  const maxPositions =
    config.max_position_embeddings ?? config.text_config?.max_position_embeddings;
  if (maxPositions === undefined) {
    const reason = "no `max_position_embeddings`, neither at its top nor in `text_config`";
    throw modelFileInvalid(NAME, "config.json", reason);
  }
  const places = [config, config.text_config, generation];
  return { maxPositions, endIds: places.flatMap((place) => place?.eos_token_id ?? []) };
}
