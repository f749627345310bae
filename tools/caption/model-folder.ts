/** Describes a model from the files of its folder, which has the layout of the hub's repositories. */

import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import type { Device, ModelDescriptor, ModelFile, ModelVariant } from "@fastvlm-kit/web";
import { UsageError } from "./arguments.ts";

const COMMON_FILES = ["config.json", "tokenizer.json", "tokenizer_config.json"];
/** Read where the folder has them. */
const OPTIONAL_FILES = ["generation_config.json", "chat_template.jinja"];
const STEMS = { vision: "vision_encoder", embed: "embed_tokens", decoder: "decoder_model_merged" };

/** The side that FastVLM was trained with. */
const DEFAULT_IMAGE_SIZE = 1024;

/** A set of precisions that runs well together: for each graph the first that the folder holds. */
interface Recipe {
  readonly device: Device;
  readonly requires?: ModelVariant["requires"];
  readonly vision: readonly string[];
  readonly embed: readonly string[];
  /** Names the variant. */
  readonly decoder: string;
}

const HALF = ["fp16", "fp32"];
const SINGLE = ["fp32"];
const LOOKUP = ["fp32", "fp16"];
const BYTES = ["int8", "fp32"];

/** In order of preference. */
const RECIPES: readonly Recipe[] = [
  { device: "webgpu", requires: ["shader-f16"], vision: HALF, embed: HALF, decoder: "q4f16" },
  { device: "webgpu", requires: ["shader-f16"], vision: HALF, embed: HALF, decoder: "fp16" },
  { device: "webgpu", vision: SINGLE, embed: LOOKUP, decoder: "q4" },
  { device: "webgpu", vision: SINGLE, embed: LOOKUP, decoder: "fp32" },
  { device: "wasm", vision: BYTES, embed: ["int8", ...LOOKUP], decoder: "int8" },
  { device: "wasm", vision: BYTES, embed: LOOKUP, decoder: "fp32" },
  { device: "wasm", vision: BYTES, embed: LOOKUP, decoder: "q4" },
];

/**
 * Describes the model in `folder`, whose files are served under `baseUrl`.
 *
 * @throws {UsageError} when files are missing
 */
export function describeFolder(folder: string, baseUrl: string): Omit<ModelDescriptor, "captions"> {
  for (const name of COMMON_FILES) {
    if (!existsSync(join(folder, name))) throw new UsageError(`The model folder has no ${name}.`);
  }
  const graphs = existsSync(join(folder, "onnx")) ? readdirSync(join(folder, "onnx")) : [];
  const variants = RECIPES.flatMap((recipe) => variantFrom(recipe, graphs));
  if (variants.length === 0) {
    throw new UsageError(
      "The model folder lacks a set of graphs that runs: onnx/vision_encoder.onnx, onnx/embed_tokens.onnx and " +
        "onnx/decoder_model_merged.onnx, or the same with _fp16, _int8, _q4 or _q4f16.",
    );
  }
  const paths = new Set([
    ...COMMON_FILES,
    ...OPTIONAL_FILES.filter((name) => existsSync(join(folder, name))),
    ...variants.flatMap(({ graphs, externalData = {} }) => [
      ...Object.values(graphs),
      ...Object.values(externalData).flat(),
    ]),
  ]);
  const files = [...paths].map((path): [string, ModelFile] => [
    path,
    { url: `${baseUrl}/${path}`, bytes: statSync(join(folder, path)).size },
  ]);
  return {
    id: basename(resolve(folder)),
    revision: revisionOf(folder, [...paths]),
    license: { id: "unknown", summary: "A folder of your own.", isAccepted: true },
    files: Object.fromEntries(files),
    variants,
    imageSize: readImageSize(join(folder, "preprocessor_config.json")),
  };
}

function variantFrom(recipe: Recipe, present: readonly string[]): ModelVariant[] {
  const find = (graph: keyof typeof STEMS, precisions: readonly string[]): string | undefined =>
    precisions
      .map((precision) => fileName(STEMS[graph], precision))
      .find((name) => present.includes(name));
  const vision = find("vision", recipe.vision);
  const embed = find("embed", recipe.embed);
  const decoder = find("decoder", [recipe.decoder]);
  if (vision === undefined || embed === undefined || decoder === undefined) return [];
  const externalData = {
    vision: dataOf(vision, present),
    embed: dataOf(embed, present),
    decoder: dataOf(decoder, present),
  };
  const hasData = Object.values(externalData).some((files) => files.length > 0);
  return [
    {
      id: recipe.decoder,
      device: recipe.device,
      ...(recipe.requires && { requires: recipe.requires }),
      graphs: { vision: `onnx/${vision}`, embed: `onnx/${embed}`, decoder: `onnx/${decoder}` },
      ...(hasData && { externalData }),
    },
  ];
}

/** What exporters name a graph's weights in files of their own: `.onnx_data`, `.onnx_data_1`, `.onnx.data`. */
function dataOf(graph: string, present: readonly string[]): string[] {
  return present
    .filter((name) => name === `${graph}.data` || name.startsWith(`${graph}_data`))
    .map((name) => `onnx/${name}`);
}

function fileName(stem: string, precision: string): string {
  return precision === "fp32" ? `${stem}.onnx` : `${stem}_${precision}.onnx`;
}

/** Answers are cached by revision: it changes whenever a file is written. */
function revisionOf(folder: string, paths: readonly string[]): string {
  const hash = createHash("sha256").update(resolve(folder));
  for (const path of paths) {
    const { size, mtimeMs } = statSync(join(folder, path));
    hash.update(`${path} ${size} ${mtimeMs}\n`);
  }
  return hash.digest("hex").slice(0, 40);
}

interface PreprocessorConfig {
  readonly crop_size?: Size;
  readonly size?: Size;
}
type Size = number | { readonly height?: number; readonly shortest_edge?: number };

function readImageSize(path: string): number {
  if (!existsSync(path)) return DEFAULT_IMAGE_SIZE;
  const { crop_size, size } = JSON.parse(readFileSync(path, "utf8")) as PreprocessorConfig;
  return sideOf(crop_size) ?? sideOf(size) ?? DEFAULT_IMAGE_SIZE;
}

function sideOf(size: Size | undefined): number | undefined {
  return typeof size === "object" ? (size.height ?? size.shortest_edge) : size;
}
