/** Apple's FastVLM: FastViTHD and a Qwen2 decoder, in files with the names of the public ONNX export. */

import type { VisionPorts } from "../../engines/runtime.ts";
import type { ModelFamily, PromptForm } from "../family.ts";
import { readFastVlmConfig } from "./config.ts";
import { FASTVLM_IMAGES } from "./images.ts";
import { readChatMl, writeChatMl } from "./chatml.ts";

export const FASTVLM_PORTS: VisionPorts = {
  pixels: "pixel_values",
  features: "image_features",
  hasTileAxis: false,
};

/** As the public files were trained: the images straight before the text of the first question. */
export const FASTVLM_PROMPT: PromptForm = {
  imageToken: "<image>",
  answerPrefix: "",
  readTemplate: readChatMl,
  write: writeChatMl,
};

/** Qwen2 ends turns with the first and texts with the second. */
const END_TOKENS = ["<|im_end|>", "<|endoftext|>"];

export const FASTVLM: ModelFamily = {
  name: "fastvlm",
  configure(files) {
    const { maxPositions, endIds } = readFastVlmConfig(files);
    return {
      maxPositions,
      ends: { ids: endIds, tokens: END_TOKENS },
      ports: FASTVLM_PORTS,
      prompt: FASTVLM_PROMPT,
      images: FASTVLM_IMAGES,
    };
  },
};
