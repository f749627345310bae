import { statSync } from "node:fs";
import { relative } from "node:path";
import { expect, test } from "vitest";
import { withFolder } from "../test/sessions.ts";
import { exportModel } from "./export-model.ts";
import { modelSizes } from "./model-sizes.ts";
import { randomWeights } from "./random-weights.ts";

const weights = randomWeights(modelSizes.tiny, 1);

test("writes the public file names; q4 stands for the decoder unless more is named", () =>
  withFolder((directory) => {
    const config = modelSizes.tiny;
    const files = [
      ...exportModel(weights, config, {
        directory,
        dtypes: ["fp32", "int8", "q4"],
        storage: "fp16",
      }),
      ...exportModel(weights, config, { directory, dtypes: ["q4"], graphs: ["vision"] }),
    ];
    expect(files.map(({ path }) => relative(directory, path))).toEqual([
      "onnx/vision_encoder.onnx",
      "onnx/embed_tokens.onnx",
      "onnx/decoder_model_merged.onnx",
      "onnx/vision_encoder_int8.onnx",
      "onnx/embed_tokens_int8.onnx",
      "onnx/decoder_model_merged_int8.onnx",
      "onnx/decoder_model_merged_q4.onnx",
      "onnx/vision_encoder_q4.onnx",
    ]);
    for (const { path, sizeBytes } of files) expect(statSync(path).size).toBe(sizeBytes);
  }));
