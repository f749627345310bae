/** Finds which files of a model's folder run together, by the names that the public repositories use. */

import type { GraphName } from "../protocol/model-descriptor.ts";

export interface FileSet {
  /** Names the precision of the decoder. */
  readonly name: string;
  /** Paths in the folder. */
  readonly graphs: Readonly<Record<GraphName, string>>;
}

const STEMS: Readonly<Record<GraphName, string>> = {
  vision: "onnx/vision_encoder",
  embed: "onnx/embed_tokens",
  decoder: "onnx/decoder_model_merged",
};

/** For each graph, the endings of file names in order of preference. The first that the folder has is taken. */
interface Recipe {
  readonly name: string;
  readonly vision: readonly string[];
  readonly embed: readonly string[];
  readonly decoder: string;
}

const FLOATS = ["", "_fp16"];

/** The most exact set is the first. The others are compared with it. */
const RECIPES: readonly Recipe[] = [
  { name: "fp32", vision: FLOATS, embed: FLOATS, decoder: "" },
  { name: "fp16", vision: ["_fp16", ""], embed: ["_fp16", ""], decoder: "_fp16" },
  { name: "q4f16", vision: ["_fp16", ""], embed: ["_fp16", ""], decoder: "_q4f16" },
  { name: "q4", vision: FLOATS, embed: ["_fp16", ""], decoder: "_q4" },
  { name: "int8", vision: FLOATS, embed: ["_int8", ...FLOATS], decoder: "_int8" },
  { name: "q8", vision: FLOATS, embed: ["_int8", "_quantized", ...FLOATS], decoder: "_quantized" },
  { name: "uint8", vision: FLOATS, embed: ["_int8", "_uint8", ...FLOATS], decoder: "_uint8" },
];

/** Returns the sets that a folder with these files has. */
export function findSets(paths: Iterable<string>): FileSet[] {
  const present = new Set(paths);
  const find = (graph: GraphName, endings: readonly string[]): string | undefined =>
    endings.map((ending) => `${STEMS[graph]}${ending}.onnx`).find((path) => present.has(path));
  return RECIPES.flatMap((recipe) => {
    const vision = find("vision", recipe.vision);
    const embed = find("embed", recipe.embed);
    const decoder = find("decoder", [recipe.decoder]);
    const isWhole = vision !== undefined && embed !== undefined && decoder !== undefined;
    return isWhole ? [{ name: recipe.name, graphs: { vision, embed, decoder } }] : [];
  });
}

/**
 * Reads a set from text of the form `NAME=VISION,EMBED,DECODER`, where the three are paths in the folder.
 *
 * @throws {TypeError} when it is not of that form
 */
export function parseSet(text: string): FileSet {
  const [, name = "", vision = "", embed = "", decoder = ""] =
    /^([^=,]+)=([^,]+),([^,]+),([^,]+)$/.exec(text) ?? [];
  if (name === "") {
    throw new TypeError(`Expected a set as \`NAME=VISION,EMBED,DECODER\`, got \`${text}\``);
  }
  return { name, graphs: { vision, embed, decoder } };
}
