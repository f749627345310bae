/**
 * SmolVLM and SmolVLM2 of Hugging Face: SigLIP over tiles, and a Llama decoder, in files with the names of the public
 * ONNX exports. `Idefics3` is their class in transformers (`model_type` `idefics3`, and `smolvlm` for the second version).
 */

import type { VisionPorts } from "../../engines/runtime.ts";
import type { ModelFamily, PromptForm } from "../family.ts";
import { readSmolVlmTemplate, writeSmolVlmChat } from "./chat.ts";
import { readSmolVlmConfig } from "./config.ts";
import { smolVlmImages } from "./images.ts";

const SMOLVLM_PORTS: VisionPorts = {
  pixels: "pixel_values",
  hasTileAxis: true,
  mask: "pixel_attention_mask",
  features: "image_features",
};

export const SMOLVLM_PROMPT: PromptForm = {
  imageToken: "<image>",
  answerPrefix: " ",
  readTemplate: readSmolVlmTemplate,
  write: writeSmolVlmChat,
};

/** Ends a turn. `config.json` names another token, which is the padding. */
const END_TOKENS = ["<end_of_utterance>"];

export const SMOLVLM: ModelFamily = {
  name: "smolvlm",
  configure(files, described) {
    const { maxPositions, endIds, ...form } = readSmolVlmConfig(files, described);
    return {
      maxPositions,
      ends: { ids: endIds, tokens: END_TOKENS },
      ports: SMOLVLM_PORTS,
      prompt: SMOLVLM_PROMPT,
      images: smolVlmImages(form),
    };
  },
};
