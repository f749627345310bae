/** The embedded model in the form of the official exporters: its trained weights, other spellings of its graphs. */

import { copyFileSync, mkdirSync, readdirSync } from "node:fs";
import {
  exportModel,
  readModelConfig,
  readSafetensors,
  type Form,
} from "../packages/onnx/src/index.ts";
import { repositoryPath } from "../tools/run.ts";

const OWN_FOLDER = repositoryPath("packages/tiny/model/");
const EXPORTER_FOLDER = repositoryPath(".cache/bench/tiny-exporter/");

/** The size that the embedded model was trained at. */
const IMAGE_SIZE = 256;

/** The folder with the embedded model's files in this form; writes those that the package does not have. */
export function tinyFolder(form: Form): string {
  if (form === "own") return OWN_FOLDER;
  mkdirSync(EXPORTER_FOLDER, { recursive: true });
  for (const name of readdirSync(OWN_FOLDER))
    if (name.endsWith(".json")) copyFileSync(`${OWN_FOLDER}${name}`, `${EXPORTER_FOLDER}${name}`);
  const weights = readSafetensors(repositoryPath("packages/tiny/checkpoint/model.safetensors"));
  const config = readModelConfig(`${OWN_FOLDER}config.json`);
  const options = { directory: EXPORTER_FOLDER, form, exportedImageSize: IMAGE_SIZE };
  exportModel(weights, config, { ...options, dtypes: ["fp32"], graphs: ["vision", "embed"] });
  exportModel(weights, config, { ...options, dtypes: ["q4"], graphs: ["decoder"] });
  return EXPORTER_FOLDER;
}
