/** The small files beside the graphs, as the kit and transformers.js read them. */

import { configJson, modelSizes } from "../../packages/onnx/src/index.ts";
import { FIRST_CONTROL_ID, tokenizerConfigJson, tokenizerJson } from "./fastvlm-tokenizer.ts";

const [END_OF_TEXT, , END_OF_TURN, IMAGE] = [0, 1, 2, 3].map((index) => FIRST_CONTROL_ID + index);

/** Content by name. */
export function fastVlmTextFiles(): Readonly<Record<string, unknown>> {
  const ids = { bos_token_id: END_OF_TEXT, eos_token_id: END_OF_TURN, pad_token_id: END_OF_TEXT };
  return {
    "config.json": {
      ...configJson(modelSizes["0.5b"]),
      ...ids,
      hidden_act: "silu",
      image_token_index: IMAGE,
      mm_hidden_size: 3072,
      mm_projector_type: "mlp2x_gelu",
      torch_dtype: "float32",
      use_cache: true,
      "transformers.js_config": { use_external_data_format: false },
    },
    "generation_config.json": { ...ids, do_sample: false },
    "preprocessor_config.json": {
      image_processor_type: "CLIPImageProcessor",
      processor_class: "LlavaProcessor",
      do_convert_rgb: true,
      do_resize: true,
      size: { shortest_edge: 1024 },
      resample: 3,
      do_center_crop: true,
      crop_size: { height: 1024, width: 1024 },
      do_rescale: true,
      rescale_factor: 1 / 255,
      do_normalize: true,
      image_mean: [0, 0, 0],
      image_std: [1, 1, 1],
    },
    "processor_config.json": {
      processor_class: "LlavaProcessor",
      image_token: "<image>",
      patch_size: 64,
      num_additional_image_tokens: 0,
      vision_feature_select_strategy: "full",
    },
    "tokenizer.json": tokenizerJson(),
    "tokenizer_config.json": tokenizerConfigJson(),
  };
}
