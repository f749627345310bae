#!/usr/bin/env node
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { OnnxError } from "./errors.ts";
import { exportModel, graphKinds } from "./export-model.ts";
import { configJson } from "./config-json.ts";
import { readModelConfig, type ModelConfig } from "./model-config.ts";
import { modelSizes, type ModelSize } from "./model-sizes.ts";
import { dtypes } from "./precision.ts";
import { randomWeights } from "./random-weights.ts";
import { readSafetensors } from "./safetensors.ts";
import type { Weights } from "./weights.ts";

const help = `Writes the ONNX graphs of a FastVLM or a SmolVLM, or of a Llama or Qwen2 without a vision encoder.

  fastvlm-onnx --weights model.safetensors --config config.json --out DIR --dtype fp32,int8,q4
  fastvlm-onnx --random 1 --size 0.5b --out DIR --dtype int8
  fastvlm-onnx --random 1 --config config.json --out DIR

  --weights PATH         a safetensors file, its .index.json when sharded, or the folder they lie in
  --config PATH          the model's config.json (default: beside the weights); it also says which model it is
  --random SEED          random weights instead, to measure with; they have the shapes of --config or of --size
  --size NAME            the size of random weights: ${Object.keys(modelSizes).join(", ")} (default: tiny)
  --out DIR              where to write; the files go to DIR/onnx
  --dtype LIST           ${dtypes.join(", ")} (default: fp32)
  --graphs LIST          ${graphKinds.join(", ")} (default: all; for FastVLM in q4 the decoder)
  --storage fp16         keep floating-point weights as float16 but calculate in float32
  --logits last          the decoder gives the last position's logits only
  --form exporter        the spellings of the official exporters (onnxruntime-genai 0.8, torch.onnx), which the public
                         files have, instead of the shorter ones of this tool
  --local-window-size=N  the attention's window in positions written out, or =-1 for none
  --accuracy-level N     what q4 products may be calculated in (onnxruntime's accuracy_level)
`;

const optionTypes = {
  weights: { type: "string" },
  config: { type: "string" },
  random: { type: "string" },
  size: { type: "string" },
  out: { type: "string" },
  dtype: { type: "string" },
  graphs: { type: "string" },
  storage: { type: "string" },
  logits: { type: "string" },
  form: { type: "string" },
  "local-window-size": { type: "string" },
  "accuracy-level": { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

/** An argument that the user has to change; everything else that goes wrong is reported as it is. */
class UsageError extends Error {}

try {
  main();
} catch (error) {
  const isExpected = error instanceof UsageError || OnnxError.is(error);
  console.error(isExpected ? error.message : error);
  process.exitCode = 1;
}

function main(): void {
  const values = parseOptions();
  if (values.help) {
    console.log(help);
    return;
  }
  const directory = values.out ?? usage("Say where to write with --out DIR.");
  const { weights, config } =
    values.random === undefined ? loadModel(values) : inventModel(values, directory);

  exportModel(weights, config, {
    directory,
    dtypes: list(values.dtype ?? "fp32", dtypes, "--dtype"),
    ...(values.graphs !== undefined && { graphs: list(values.graphs, graphKinds, "--graphs") }),
    storage: oneOf(values.storage ?? "fp32", ["fp32", "fp16"], "--storage"),
    logits: oneOf(values.logits ?? "all", ["all", "last"], "--logits"),
    form: oneOf(values.form ?? "own", ["own", "exporter"], "--form"),
    ...(values["local-window-size"] !== undefined && {
      localWindowSize: windowSize(values["local-window-size"]),
    }),
    ...(values["accuracy-level"] !== undefined && {
      accuracyLevel: wholeNumber(values["accuracy-level"], "--accuracy-level"),
    }),
    onFile({ path, sizeBytes }) {
      console.log(`${path}  ${(sizeBytes / 1e6).toFixed(1)} MB`);
    },
  });
}

function parseOptions() {
  try {
    return parseArgs({ options: optionTypes }).values;
  } catch (error) {
    return usage(error instanceof Error ? error.message : String(error));
  }
}

function loadModel(values: { weights?: string; config?: string }): Model {
  const path = values.weights ?? usage("Give --weights PATH, or --random SEED.");
  const inside = join(path, "config.json");
  const beside = existsSync(inside) ? inside : join(dirname(path), "config.json");
  return { weights: readSafetensors(path), config: readModelConfig(values.config ?? beside) };
}

function inventModel(
  values: { random?: string; size?: string; config?: string },
  directory: string,
): Model {
  const seed = wholeNumber(values.random ?? "", "--random");
  const size = values.config === undefined ? sizeNamed(values.size) : sizeIn(values.config);
  mkdirSync(directory, { recursive: true });
  const target = join(directory, "config.json");
  if (values.config === undefined)
    writeFileSync(target, `${JSON.stringify(configJson(size), null, 2)}\n`);
  else if (resolve(values.config) !== resolve(target)) copyFileSync(values.config, target);
  return { weights: randomWeights(size, seed), config: size };
}

function sizeNamed(name = "tiny"): ModelSize {
  const names = Object.keys(modelSizes) as (keyof typeof modelSizes)[];
  return modelSizes[oneOf(name, names, "--size")];
}

function sizeIn(path: string): ModelSize {
  const config = readModelConfig(path);
  if (config.family !== "fastvlm") return config;
  return usage("FastVLM's config.json does not say how large its vision encoder is: use --size.");
}

interface Model {
  weights: Weights;
  config: ModelConfig;
}

function list<Choice extends string>(
  text: string,
  choices: readonly Choice[],
  option: string,
): Choice[] {
  return text.split(",").map((item) => oneOf(item.trim(), choices, option));
}

function oneOf<Choice extends string>(
  text: string,
  choices: readonly Choice[],
  option: string,
): Choice {
  return (
    choices.find((choice) => choice === text) ??
    usage(`${option} takes ${choices.join(", ")}, not "${text}".`)
  );
}

function wholeNumber(text: string, option: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  return usage(`${option} takes a whole number, not "${text}".`);
}

function windowSize(text: string): number {
  return text === "-1" ? -1 : wholeNumber(text, "--local-window-size");
}

function usage(message: string): never {
  throw new UsageError(`${message} See fastvlm-onnx --help.`);
}
