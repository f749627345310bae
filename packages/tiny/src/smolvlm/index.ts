/**
 * A small SmolVLM that describes drawings. Its files are part of this package, and a bundler copies them into the app.
 *
 * @module
 */

import type { ModelDescriptor, ModelVariant } from "@fastvlm-kit/web";
import { filesAt } from "../files-at.ts";
import { files, revision, selfCheck } from "./files.ts";

/** Options of {@link tinySmolVlm}. */
export interface TinySmolVlmOptions {
  /**
   * The precision of the files. With `auto`, the default, WebGPU runs files stored as `fp16`, and WASM runs `int8`. With
   * any other choice both devices run the same files.
   */
  readonly precision?: "auto" | "fp16" | "int8" | "q4";
  /**
   * The address of the folder that has the files of this package's folder `smolvlm/model`. By default they are where the
   * bundler put them.
   */
  readonly baseUrl?: string | URL;
}

/** Side of a tile in pixels. */
const TILE = 128;

const graphsOf = (suffix: "" | "_int8" | "_q4"): ModelVariant["graphs"] => ({
  vision: `onnx/vision_encoder${suffix}.onnx`,
  embed: `onnx/embed_tokens${suffix}.onnx`,
  decoder: `onnx/decoder_model_merged${suffix}.onnx`,
});
const GRAPHS = { fp16: graphsOf(""), int8: graphsOf("_int8"), q4: graphsOf("_q4") };

/**
 * Returns the descriptor of the embedded SmolVLM, which sees images in tiles of 128 px as SmolVLM-256M does in tiles of
 * 512 px. Fetches nothing.
 */
export function tinySmolVlm({
  precision = "auto",
  baseUrl,
}: TinySmolVlmOptions = {}): ModelDescriptor {
  const [webgpu, wasm] =
    precision === "auto" ? (["fp16", "int8"] as const) : ([precision, precision] as const);
  return {
    id: "fastvlm-kit/tiny-smolvlm",
    family: "smolvlm",
    revision,
    license: {
      id: "apache-2.0",
      summary: "Free to use, also in products.",
      isAccepted: true,
    },
    files: filesAt(baseUrl, files()),
    variants: [
      { id: webgpu, device: "webgpu", graphs: GRAPHS[webgpu] },
      { id: wasm, device: "wasm", graphs: GRAPHS[wasm] },
    ],
    imageSize: 4 * TILE,
    tileSize: TILE,
    // It was trained on questions alone.
    choices: { choose: "{question}", check: "{question}", score: "{question}" },
    captions: {
      brief: { prompt: "Describe this image.", maxNewTokens: 64 },
      detailed: { prompt: "Describe this image in detail.", maxNewTokens: 128 },
      "alt-text": { prompt: "Write alt text for this image.", maxNewTokens: 64 },
    },
    selfCheck: { ...selfCheck, imageSize: TILE },
  };
}
