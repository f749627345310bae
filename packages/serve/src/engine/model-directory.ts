/** Describes a model whose files are in a folder of this machine, with the names that repositories of the hub use. */

import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { fastvlm05b, smolVlm, type ModelDescriptor, type ModelFile } from "@fastvlm-kit/web";
import { familyNameOfConfig, findSets } from "@fastvlm-kit/web/compare";

/** The precisions in the order in which a CPU is served best: it has fast kernels for 8 bits, and none for 4 or 16. */
const PREFERRED = ["int8", "q8", "uint8", "fp32", "q4", "fp16", "q4f16"];

const SMALL_FILES = [
  "config.json",
  "tokenizer.json",
  "tokenizer_config.json",
  "generation_config.json",
  "preprocessor_config.json",
  "chat_template.jinja",
];

/** @throws {TypeError} when the folder lacks a set of graphs or `config.json` */
export async function readModelDirectory(folder: string): Promise<ModelDescriptor> {
  const paths = await listFiles(folder);
  const sets = findSets(paths);
  const set = PREFERRED.flatMap((name) => sets.find((one) => one.name === name) ?? [])[0];
  if (!set || !paths.includes("config.json")) {
    throw new TypeError(
      `${folder} is not the folder of a model: it needs config.json, tokenizer.json, tokenizer_config.json and a set of ` +
        "onnx/vision_encoder*.onnx, onnx/embed_tokens*.onnx and onnx/decoder_model_merged*.onnx.",
    );
  }
  const graphs = Object.values(set.graphs);
  const external = Object.fromEntries(
    Object.entries(set.graphs).map(([graph, path]) => [graph, paths.filter(isWeightsOf(path))]),
  );
  const needed = [...SMALL_FILES, ...graphs, ...Object.values(external).flat()];
  const files = await describeFiles(folder, new Set(paths.filter((path) => needed.includes(path))));
  const config: unknown = JSON.parse(await readFile(join(folder, "config.json"), "utf8"));
  const base = familyNameOfConfig(config) === "smolvlm" ? smolVlm() : fastvlm05b();
  // With it the hub would be asked for a commit.
  delete (base as { source?: unknown }).source;
  return {
    ...base,
    id: basename(resolve(folder)).replaceAll(/\s+/g, "-"),
    revision: `local-${revisionOf(files)}`,
    license: { id: "local", summary: "Whoever serves it answers for it.", isAccepted: true },
    files: Object.fromEntries(files.map(({ path, url, bytes }) => [path, { url, bytes }])),
    variants: [{ id: set.name, device: "wasm", graphs: set.graphs, externalData: external }],
    ...(await readSides(folder, base)),
  };
}

interface LocalFile extends ModelFile {
  readonly path: string;
  readonly changedAt: number;
}

async function listFiles(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  const prefix = resolve(folder);
  return found
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map((entry) => resolve(entry.parentPath, entry.name).slice(prefix.length + 1))
    .map((path) => path.replaceAll("\\", "/"));
}

/** The files that a graph may keep its weights in: `X.onnx_data`, `X.onnx.data`, or several parts of them. */
function isWeightsOf(graph: string): (path: string) => boolean {
  return (path) => path.startsWith(`${graph}_data`) || path.startsWith(`${graph}.data`);
}

function describeFiles(folder: string, paths: ReadonlySet<string>): Promise<LocalFile[]> {
  return Promise.all(
    [...paths].map(async (path) => {
      const { size, mtimeMs } = await stat(join(folder, path));
      const url = pathToFileURL(resolve(folder, path)).href;
      return { path, url, bytes: size, changedAt: mtimeMs };
    }),
  );
}

/** Another one as soon as a file is another one, so that nothing stored of the old ones is used. */
function revisionOf(files: readonly LocalFile[]): string {
  const seen = files.map(({ url, bytes, changedAt }) => `${url} ${bytes} ${changedAt}`).sort();
  return createHash("sha256").update(seen.join("\n")).digest("hex").slice(0, 40);
}

/** The sides at which the model sees images, where `preprocessor_config.json` says them. */
async function readSides(
  folder: string,
  base: Pick<ModelDescriptor, "family" | "imageSize">,
): Promise<Pick<ModelDescriptor, "imageSize" | "tileSize">> {
  const text = await readFile(join(folder, "preprocessor_config.json"), "utf8").catch(() => "{}");
  const { max_image_size, crop_size, size } = JSON.parse(text) as PreprocessorSides;
  const longest = size?.longest_edge;
  const tileSize = max_image_size?.longest_edge;
  if (base.family === "smolvlm") {
    return {
      imageSize: longest ?? base.imageSize,
      ...(tileSize !== undefined && { tileSize }),
    };
  }
  const side = typeof crop_size === "number" ? crop_size : crop_size?.height;
  return { imageSize: side ?? size?.height ?? size?.shortest_edge ?? base.imageSize };
}

/** As much of `preprocessor_config.json` as is read here. */
interface PreprocessorSides {
  readonly max_image_size?: { readonly longest_edge?: number };
  readonly crop_size?: number | { readonly height?: number };
  readonly size?: {
    readonly longest_edge?: number;
    readonly shortest_edge?: number;
    readonly height?: number;
  };
}
