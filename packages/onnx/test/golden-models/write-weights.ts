/**
 * Writes random models of `packages/onnx` as folders that transformers loads: `config.json` and `model.safetensors`
 * with the very numbers that the tests of that package use.
 *
 * `node --import tsx packages/onnx/test/golden-models/write-weights.ts FOLDER`
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { configJson, randomWeights, type ModelSize } from "../../src/index.ts";
import { writeSafetensors, type RawTensor } from "../safetensors-file.ts";
import { goldenSizes, GOLDEN_SEED } from "../smolvlm-golden.ts";

const [target] = process.argv.slice(2);
if (target === undefined) throw new Error("Name the folder to write to.");
for (const [name, size] of Object.entries(goldenSizes)) writeModel(join(target, name), size);

function writeModel(folder: string, size: ModelSize): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "config.json"), JSON.stringify(configJson(size), null, 2));
  const weights = randomWeights(size, GOLDEN_SEED);
  const tensors: Record<string, RawTensor> = {};
  for (const name of weights.names) {
    const bytes = new Uint8Array(weights.read(name).buffer);
    tensors[name] = { dtype: "F32", shape: [...weights.shape(name)], bytes };
  }
  writeSafetensors(join(folder, "model.safetensors"), tensors);
}
