/**
 * The files of SmolVLM-256M-Instruct at a commit of its repository. The ONNX files' sizes and hashes are those of the
 * repository's pointers to its large files; the small files were hashed here. Independent lists of other projects have
 * the same hashes for this commit.
 */

import type { ModelPins } from "../protocol/model-descriptor.ts";
import { SMOLVLM_REPOSITORIES } from "../schema/manifest-public-files.ts";

export const SMOLVLM_256M_PINS: ModelPins = {
  repository: SMOLVLM_REPOSITORIES[1]["256M"],
  revision: "7e3e67edbbed1bf9888184d9df282b700a323964",
  files: {
    "config.json": {
      bytes: 7_353,
      sha256: "b70fb4bfde88df9eeebc9d8ff523733b8bf70d6c9b06c610325960e06ae9db52",
    },
    "generation_config.json": {
      bytes: 136,
      sha256: "067a2a54e5f87162ecac6e0e911cc4665fc8f7f3324794ecbac0f76badb56636",
    },
    "preprocessor_config.json": {
      bytes: 486,
      sha256: "6cb6e36d6fcb88ca1502c4a26750715dc3e7dedddc9a8f17b27d8d167d1457e7",
    },
    "tokenizer.json": {
      bytes: 3_548_256,
      sha256: "5ece781dc8d2b2f3e2f289ca0ae50b17cfc27dd27bfe7971bb8241e0b964331a",
    },
    "tokenizer_config.json": {
      bytes: 28_249,
      sha256: "36c6fd44d07d10fd8180ee6b46dcccf69fb7c06753968ff0d7e17b8bfe17b777",
    },
    "onnx/vision_encoder_q4f16.onnx": {
      bytes: 55_037_584,
      sha256: "13c301dc0cbc79c8c23badc699129b47d05ba044e2274ca8a94681fcd4205fc1",
    },
    "onnx/vision_encoder_q4.onnx": {
      bytes: 63_784_987,
      sha256: "95814e6629ec465e7cf98a44edcee67abc06d41faa0d1acc410cf8a956cab488",
    },
    "onnx/vision_encoder_int8.onnx": {
      bytes: 94_247_927,
      sha256: "d534ab668d3563e6d1d809bbbf1ff18308ded48651178614dbcc4a1de13d16f7",
    },
    "onnx/embed_tokens_int8.onnx": {
      bytes: 28_385_824,
      sha256: "4b919b829fe2bf225e42431230c56891116f0149e5170e36c99bcc0cfae0d2ef",
    },
    "onnx/decoder_model_merged_q4f16.onnx": {
      bytes: 77_034_560,
      sha256: "0a6b4e72e26025c190f37e2573ea2ce3336d95670da9c4b1fa662e47cc3d94a7",
    },
    "onnx/decoder_model_merged_q4.onnx": {
      bytes: 86_562_901,
      sha256: "e3fd81130e30715580cf148398e48e2925b6219bff75e17d2a77add35a363f65",
    },
    "onnx/decoder_model_merged_int8.onnx": {
      bytes: 137_221_530,
      sha256: "306fad6cec3b5b7613600b74abf1e410fa50000fbc81292c0d083bd8d85b5fe2",
    },
  },
};
