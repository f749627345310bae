/** The small files beside SmolVLM's graphs, as the kit and transformers.js read them. */

import { configJson, type ModelConfig } from "../../packages/onnx/src/index.ts";
import {
  END_OF_UTTERANCE_ID,
  IMAGE_ID,
  smolVlmTokenizerConfigJson,
  smolVlmTokenizerJson,
} from "./smolvlm-tokenizer.ts";

type SmolVlmConfig = Extract<ModelConfig, { family: "smolvlm" }>;

/** Content by name. */
export function smolVlmTextFiles(config: SmolVlmConfig): Readonly<Record<string, unknown>> {
  const { tileSize, patchSize, shuffle } = config.vision;
  const half = [0.5, 0.5, 0.5];
  return {
    "config.json": {
      ...configJson(config),
      image_token_id: IMAGE_ID,
      torch_dtype: "float32",
      use_cache: true,
      "transformers.js_config": { kv_cache_dtype: { fp16: "float16", q4f16: "float16" } },
    },
    "generation_config.json": {
      bos_token_id: 0,
      eos_token_id: END_OF_UTTERANCE_ID,
      pad_token_id: 2,
    },
    "preprocessor_config.json": {
      image_processor_type: "Idefics3ImageProcessor",
      processor_class: "Idefics3Processor",
      do_convert_rgb: true,
      do_image_splitting: true,
      do_resize: true,
      size: { longest_edge: 4 * tileSize },
      max_image_size: { longest_edge: tileSize },
      resample: 1,
      do_rescale: true,
      rescale_factor: 1 / 255,
      do_normalize: true,
      image_mean: half,
      image_std: half,
      do_pad: true,
    },
    "processor_config.json": {
      processor_class: "Idefics3Processor",
      image_seq_len: (tileSize / patchSize / shuffle) ** 2,
    },
    "tokenizer.json": smolVlmTokenizerJson(),
    "tokenizer_config.json": smolVlmTokenizerConfigJson(),
  };
}
