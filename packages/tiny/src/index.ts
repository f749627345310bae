/**
 * A small FastVLM that describes drawings. Its files are part of this package, and a bundler copies them into the app.
 *
 * @module
 */

import type { ModelDescriptor, ModelVariant } from "@fastvlm-kit/web";
import { filesAt } from "./files-at.ts";
import { files, revision, selfCheck } from "./files.ts";

/** Options of {@link tinyModel}. */
export interface TinyModelOptions {
  /**
   * The precision of the files. With `auto`, the default, WebGPU runs files stored as `fp16`, and WASM runs `int8`. With
   * any other choice both devices run the same files.
   */
  readonly precision?: "auto" | "fp16" | "int8" | "q4";
  /**
   * The address of the folder that has the files of this package's folder `model`. By default they are where the bundler
   * put them.
   */
  readonly baseUrl?: string | URL;
}

const FP16 = {
  vision: "onnx/vision_encoder.onnx",
  embed: "onnx/embed_tokens.onnx",
  decoder: "onnx/decoder_model_merged.onnx",
};
const INT8 = {
  vision: "onnx/vision_encoder_int8.onnx",
  embed: "onnx/embed_tokens_int8.onnx",
  decoder: "onnx/decoder_model_merged_int8.onnx",
};
const Q4 = { ...FP16, decoder: "onnx/decoder_model_merged_q4.onnx" };

/** Returns the descriptor of the embedded model. Fetches nothing. */
export function tinyModel({ precision = "auto", baseUrl }: TinyModelOptions = {}): ModelDescriptor {
  return {
    id: "fastvlm-kit/tiny",
    revision,
    license: {
      id: "apache-2.0",
      summary: "Free to use, also in products.",
      isAccepted: true,
    },
    files: filesAt(baseUrl, files()),
    variants: variantsOf(precision),
    imageSize: 256,
    // It was trained on questions alone.
    choices: { choose: "{question}", check: "{question}", score: "{question}" },
    captions: {
      brief: { prompt: "Describe this image.", maxNewTokens: 64 },
      detailed: { prompt: "Describe this image in detail.", maxNewTokens: 128 },
      "alt-text": { prompt: "Write alt text for this image.", maxNewTokens: 64 },
    },
    selfCheck,
  };
}

function variantsOf(
  precision: NonNullable<TinyModelOptions["precision"]>,
): readonly ModelVariant[] {
  const graphs = { fp16: FP16, int8: INT8, q4: Q4 };
  if (precision === "auto") {
    return [
      { id: "fp16", device: "webgpu", graphs: FP16 },
      { id: "int8", device: "wasm", graphs: INT8 },
    ];
  }
  return [
    { id: precision, device: "webgpu", graphs: graphs[precision] },
    { id: precision, device: "wasm", graphs: graphs[precision] },
  ];
}
