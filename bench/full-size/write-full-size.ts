/**
 * FastVLM-0.5B at its exact size with random weights, in the layout of the public repository: right
 * for measuring, nonsense as a model. Files that are there already, from the same sources, stay.
 */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  exportModel,
  modelSizes,
  randomWeights,
  type Dtype,
  type Form,
  type GraphKind,
} from "../../packages/onnx/src/index.ts";
import { repositoryPath } from "../../tools/run.ts";
import { silenceRows } from "./silent-rows.ts";
import { textFiles } from "./text-files.ts";
import { FIRST_CONTROL_ID } from "./tokenizer.ts";

/** Where the files of each form go: ignored by git. */
export const FULL_SIZE_FOLDERS: Readonly<Record<Form, string>> = {
  own: repositoryPath(".cache/full-size/"),
  exporter: repositoryPath(".cache/full-size-exporter/"),
};

const SEED = 1;

/** A graph in one precision. */
type GraphFile = readonly [kind: GraphKind, dtype: Dtype];

/** What each use needs; `all` is everything that the rows of the bench compare. */
export const FILE_SETS = {
  wasm: [
    ["vision", "fp32"],
    ["vision", "int8"],
    ["embed", "int8"],
    ["decoder", "int8"],
  ],
  webgpu: [
    ["vision", "fp32"],
    ["vision", "fp16"],
    ["embed", "fp16"],
    // For transformers.js on a GPU without `shader-f16`, where it refuses fp16 files.
    ["embed", "int8"],
    ["decoder", "q4"],
    ["decoder", "q4f16"],
  ],
  all: [
    ["vision", "fp32"],
    ["vision", "int8"],
    ["embed", "int8"],
    ["embed", "fp16"],
    ["decoder", "int8"],
    ["decoder", "q4"],
  ],
} as const satisfies Record<string, readonly GraphFile[]>;

/** Writes what is missing of a set. Says one line a file that it writes. */
export function writeFullSize(
  set: keyof typeof FILE_SETS,
  say: (line: string) => void,
  form: Form = "own",
): void {
  const folder = FULL_SIZE_FOLDERS[form];
  mkdirSync(folder, { recursive: true });
  const record = openRecord(folder, stampOfSources());
  for (const [name, content] of Object.entries(textFiles())) {
    const path = join(folder, name);
    const text = `${JSON.stringify(content, null, 2)}\n`;
    if (!existsSync(path) || readFileSync(path, "utf8") !== text) writeFileSync(path, text);
  }
  const size = modelSizes["0.5b"];
  const weights = silenceRows(randomWeights(size, SEED), FIRST_CONTROL_ID);
  for (const [kind, dtype] of FILE_SETS[set]) {
    if (record.has(`${kind} ${dtype}`)) continue;
    exportModel(weights, size, {
      directory: folder,
      dtypes: [dtype],
      graphs: [kind],
      form,
      onFile: ({ path, sizeBytes }) => {
        record.add(`${kind} ${dtype}`, path, sizeBytes);
        say(`${path.slice(folder.length)}  ${(sizeBytes / 1e6).toFixed(1)} MB`);
      },
    });
  }
}

interface WrittenFiles {
  readonly stamp: string;
  readonly files: Record<string, { readonly path: string; readonly bytes: number }>;
}

/** Remembers which files are whole: one that was interrupted is not in it. */
function openRecord(folder: string, stamp: string) {
  const recordPath = join(folder, "written.json");
  const found = existsSync(recordPath)
    ? (JSON.parse(readFileSync(recordPath, "utf8")) as WrittenFiles)
    : undefined;
  const files: WrittenFiles["files"] = found?.stamp === stamp ? found.files : {};
  return {
    has(key: string): boolean {
      const file = files[key];
      return file !== undefined && existsSync(file.path) && statSync(file.path).size === file.bytes;
    },
    add(key: string, path: string, bytes: number): void {
      files[key] = { path, bytes };
      writeFileSync(recordPath, JSON.stringify({ stamp, files } satisfies WrittenFiles, null, 2));
    },
  };
}

/** Changes when the code that writes the graphs does. */
function stampOfSources(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const hash = createHash("sha256").update(`seed ${SEED}\n`);
  const writer = ["packages/onnx/src", "packages/onnx/src/format"].map(repositoryPath);
  for (const folder of [here, ...writer]) {
    for (const name of readdirSync(folder).sort()) {
      if (name.endsWith(".ts") && !name.endsWith(".test.ts"))
        hash.update(readFileSync(join(folder, name)));
    }
  }
  return hash.digest("hex");
}
