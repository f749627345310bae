/**
 * The descriptor of `onnx-community/FastVLM-0.5B-ONNX`: Apple's FastVLM-0.5B as public ONNX files. Without pins the
 * sizes are estimates, in the rounded megabytes that the repository shows. Once a download begins, the lengths that the
 * server reports count.
 */

import { FASTVLM_SIDES } from "../families/fastvlm/sides.ts";
import type { ModelDescriptor, ModelVariant, SelfCheck } from "../protocol/model-descriptor.ts";
import { fastVlm05bOptions } from "../schema/catalog-options.ts";
import {
  FASTVLM_FILE_MEGABYTES,
  FASTVLM_REPOSITORY,
  HUB,
} from "../schema/manifest-public-files.ts";
import { read } from "../schema/read.ts";
import { KNOWN_SHA256 } from "./fastvlm-05b-hashes.ts";
import { hubFiles, type HubOptions, type HubRepository } from "./hub-files.ts";

/** Options of {@link fastvlm05b}. */
export interface FastVlm05bOptions extends HubOptions {
  /**
   * Pass `"apple-amlr"` after the user has seen and accepted Apple's licence for the weights, which allows research only.
   * Without it nothing is fetched.
   */
  readonly acceptLicense?: "apple-amlr";
  /**
   * A branch, tag or commit of the repository. Default `main`; in production use `pins` instead. For a branch or a tag,
   * the kit asks once which commit it is at, before the first byte, and stores the answer (see `ModelSource`).
   *
   * Files of `main` have to match the hashes that the kit knows. Another revision may have other files, so for it only
   * `pins` count. To serve changed files from a `baseUrl`, give them a revision of your own.
   */
  readonly revision?: string;
  /** Side of the square that the encoder sees, in pixels; a multiple of 64. Default 1024, as trained. */
  readonly imageSize?: number;
  /**
   * Expected numbers of these files, as `fastvlm-selfcheck` writes them. Every device has to reach them. The first load
   * then leaves out the longer checks that it needs without them.
   */
  readonly selfCheck?: SelfCheck;
}

const OPTIONS = fastVlm05bOptions(FASTVLM_SIDES);

const REPOSITORY: HubRepository = {
  name: FASTVLM_REPOSITORY,
  megabytes: FASTVLM_FILE_MEGABYTES,
  hashesOfMain: KNOWN_SHA256,
};

const VARIANTS: readonly ModelVariant[] = [
  {
    id: "q4f16",
    device: "webgpu",
    requires: ["shader-f16"],
    graphs: {
      vision: "onnx/vision_encoder_fp16.onnx",
      embed: "onnx/embed_tokens_fp16.onnx",
      decoder: "onnx/decoder_model_merged_q4f16.onnx",
    },
  },
  {
    // The public vision_encoder_q4 holds the same float32 weights as vision_encoder.
    id: "q4",
    device: "webgpu",
    graphs: {
      vision: "onnx/vision_encoder.onnx",
      embed: "onnx/embed_tokens_fp16.onnx",
      decoder: "onnx/decoder_model_merged_q4.onnx",
    },
  },
  {
    // q4 has no fast kernel on WASM: 1.2 tokens per second, where int8 has 17.6.
    id: "int8",
    device: "wasm",
    graphs: {
      vision: "onnx/vision_encoder.onnx",
      embed: "onnx/embed_tokens_int8.onnx",
      decoder: "onnx/decoder_model_merged_int8.onnx",
    },
  },
];

/**
 * Returns the descriptor of FastVLM-0.5B. Fetches nothing.
 *
 * With `pins`, every file has a hash. Without them, three files of `main` have one (`sha256`): the decoders q4 and int8
 * and the int8 embeddings. For the two vision encoders, the fp16 embeddings, the decoder q4f16, the tokenizer and the
 * configurations no hash is known. Their first download is trusted, and later downloads have to match it.
 *
 * @throws {TypeError} when an option is unknown or has a value that it may not have; when `pins` are malformed, belong to
 *   another repository or to another commit than `revision`, or lack a file; when `selfCheck` is malformed
 */
export function fastvlm05b(given: FastVlm05bOptions = {}): ModelDescriptor {
  const options: FastVlm05bOptions = read(OPTIONS, given, "options");
  const { selfCheck, imageSize = 1024 } = options;
  return {
    id: FASTVLM_REPOSITORY,
    family: "fastvlm",
    ...hubFiles(REPOSITORY, options),
    license: {
      id: "apple-amlr",
      summary: "Apple's weights are for research purposes only, not for any product or service.",
      url: `${HUB}/apple/FastVLM-0.5B/blob/main/LICENSE`,
      isAccepted: options.acceptLicense === "apple-amlr",
    },
    variants: VARIANTS,
    imageSize,
    ...(selfCheck && { selfCheck }),
    // As it was trained: Qwen2's system message.
    chat: { defaultSystem: "You are a helpful assistant." },
    captions: {
      brief: { prompt: "Describe this image in one short sentence.", maxNewTokens: 64 },
      detailed: { prompt: "Describe this image in detail.", maxNewTokens: 256 },
      "alt-text": {
        prompt: "Write alt text for this image in one sentence, for a person who cannot see it.",
        maxNewTokens: 64,
      },
    },
  };
}
