/** Descriptors of SmolVLM and SmolVLM2 of Hugging Face, in the sizes that a browser can run. */

import { smolVlmSides } from "../families/smolvlm/sides.ts";
import type { ModelDescriptor, ModelVariant, SelfCheck } from "../protocol/model-descriptor.ts";
import { smolVlmOptions } from "../schema/catalog-options.ts";
import {
  HUB,
  SMOLVLM_FILE_MEGABYTES,
  SMOLVLM_REPOSITORIES,
  type SmolVlmSize,
} from "../schema/manifest-public-files.ts";
import { read } from "../schema/read.ts";
import { hubFiles, type HubOptions } from "./hub-files.ts";
import { SMOLVLM_256M_PINS } from "./smolvlm-256m-pins.ts";

/** Options of {@link smolVlm}. */
export interface SmolVlmOptions extends HubOptions {
  /**
   * `256M` (default) downloads 160 MB for a GPU with `shader-f16`, 179 MB for another GPU, and 260 MB for WASM. `500M`
   * downloads 310, 343 and 511 MB and answers better: 61.0 instead of 52.6 on OCRBench, 38.3 instead of 34.6 on MMStar
   * (figures of the models' cards).
   */
  readonly size?: SmolVlmSize;
  /** 1 (default) is SmolVLM, 2 is SmolVLM2, which was trained with videos too. The kit shows both images only. */
  readonly version?: 1 | 2;
  /**
   * The longest side of an image with `detail: "high"`, in pixels; a multiple of 512. Default 2048, as trained: up to 16
   * tiles and the whole image.
   */
  readonly imageSize?: number;
  /**
   * Expected numbers of these files, as `fastvlm-selfcheck` writes them. Every device has to reach them. The first load
   * then leaves out the longer checks that it needs without them.
   */
  readonly selfCheck?: SelfCheck;
}

const OPTIONS = smolVlmOptions(smolVlmSides({}));

/**
 * Embeddings are int8 everywhere: rows are looked up in the file on the CPU, so that a smaller table costs nothing, and its
 * rows become the same float32 numbers on every device. The other parts are as small as the device's kernels allow.
 */
const EMBED = "onnx/embed_tokens_int8.onnx";

const VARIANTS: readonly ModelVariant[] = [
  {
    // 4-bit weights with float16 arithmetic: the fewest bytes to read for each token, and half the memory for KV.
    id: "q4f16",
    device: "webgpu",
    requires: ["shader-f16"],
    graphs: {
      vision: "onnx/vision_encoder_q4f16.onnx",
      embed: EMBED,
      decoder: "onnx/decoder_model_merged_q4f16.onnx",
    },
  },
  {
    // The same weights with float32 arithmetic, for GPUs and browsers without `shader-f16`. 8-bit decoders are no choice
    // on WebGPU: they were reported to answer nonsense there (transformers.js, issue 1317).
    id: "q4",
    device: "webgpu",
    graphs: {
      vision: "onnx/vision_encoder_q4.onnx",
      embed: EMBED,
      decoder: "onnx/decoder_model_merged_q4.onnx",
    },
  },
  {
    // 4 bits have no fast kernel on WASM, and 8 bits have one and answer nearer to fp32 (decisions/2026-11-26-real-language.md).
    id: "int8",
    device: "wasm",
    graphs: {
      vision: "onnx/vision_encoder_int8.onnx",
      embed: EMBED,
      decoder: "onnx/decoder_model_merged_int8.onnx",
    },
  },
];

/**
 * Returns the descriptor of a SmolVLM for photos, documents and screenshots. Fetches nothing. Code and weights are under the
 * Apache License 2.0, so that products may use them, and no licence has to be accepted in code.
 *
 * SmolVLM-256M comes with pins: all files are those of one commit, with hashes. The others come from the branch `main`
 * unless you give `pins`; their first download is trusted, and later downloads have to match it.
 *
 * @throws {TypeError} when an option is unknown or has a value that it may not have; when `pins` are malformed, belong to
 *   another repository or to another commit than `revision`, or lack a file; when `selfCheck` is malformed
 *
 * @example
 * const vlm = await createVlm({ worker, model: smolVlm() });
 */
export function smolVlm(given: SmolVlmOptions = {}): ModelDescriptor {
  const options: SmolVlmOptions = read(OPTIONS, given, "options");
  const { size = "256M", version = 1, imageSize = 2048, selfCheck } = options;
  const name = SMOLVLM_REPOSITORIES[version][size];
  const isPinned = name === SMOLVLM_256M_PINS.repository;
  const repository = {
    name,
    megabytes: SMOLVLM_FILE_MEGABYTES[size],
    ...(isPinned && { pins: SMOLVLM_256M_PINS }),
  };
  return {
    id: name,
    family: "smolvlm",
    ...hubFiles(repository, options),
    license: {
      id: "apache-2.0",
      summary: "Free to use, also in products, under the Apache License 2.0.",
      url: `${HUB}/${name}`,
      isAccepted: true,
    },
    variants: VARIANTS,
    imageSize,
    ...(selfCheck && { selfCheck }),
    captions: {
      brief: { prompt: "Describe this image in one sentence.", maxNewTokens: 64 },
      // The question of the model's card.
      detailed: { prompt: "Can you describe this image?", maxNewTokens: 256 },
      "alt-text": {
        prompt: "Write alt text for this image in one sentence, for a person who cannot see it.",
        maxNewTokens: 64,
      },
    },
  };
}
