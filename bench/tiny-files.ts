/** The embedded models in the form of the official exporters: their trained weights, other spellings of their graphs. */

import { copyFileSync, mkdirSync, readdirSync } from "node:fs";
import {
  exportModel,
  readModelConfig,
  readSafetensors,
  type Form,
} from "../packages/onnx/src/index.ts";
import { repositoryPath } from "../tools/run.ts";
import { isSmolVlm, type ModelName } from "./models.ts";

/** The size that the embedded FastVLM was trained at. */
const IMAGE_SIZE = 256;

/** The folder with the embedded model's files in this form; writes those that the package does not have. */
export function tinyFolder(model: ModelName, form: Form): string {
  const of = isSmolVlm(model) ? "smolvlm/" : "";
  const own = repositoryPath(`packages/tiny/${of}model/`);
  if (form === "own") return own;
  const directory = repositoryPath(`.cache/bench/tiny-exporter/${of}`);
  mkdirSync(directory, { recursive: true });
  for (const name of readdirSync(own))
    if (name.endsWith(".json")) copyFileSync(`${own}${name}`, `${directory}${name}`);
  const weights = readSafetensors(
    repositoryPath(`packages/tiny/${of}checkpoint/model.safetensors`),
  );
  const config = readModelConfig(`${own}config.json`);
  if (isSmolVlm(model)) {
    exportModel(weights, config, { directory, form, dtypes: ["q4"] });
    return directory;
  }
  const options = { directory, form, exportedImageSize: IMAGE_SIZE };
  exportModel(weights, config, { ...options, dtypes: ["fp32"], graphs: ["vision", "embed"] });
  exportModel(weights, config, { ...options, dtypes: ["q4"], graphs: ["decoder"] });
  return directory;
}
