/**
 * A model at its exact size with random weights, in the layout of the public repository: right for
 * measuring, nonsense as a model. Files that are there already, from the same sources, stay.
 */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { exportModel, randomWeights, type Form } from "../../packages/onnx/src/index.ts";
import { repositoryPath } from "../../tools/run.ts";
import { FULL_SIZE_MODELS, fullSizeFolder, type FullSizeName, type SetName } from "./models.ts";
import { silenceRows } from "./silent-rows.ts";

const SEED = 1;

/** The files that a folder of `tokenizer` may have. */
const TOKENIZER_FILES = ["tokenizer.json", "tokenizer_config.json"];

interface FullSizeOptions {
  /** Default FastVLM-0.5B. */
  readonly model?: FullSizeName;
  /** Default `own`. */
  readonly form?: Form;
  /** A folder whose tokenizer files are taken instead of our own. */
  readonly tokenizer?: string;
  /** Only these files of the set, such as `vision-q4`: several processes can then write a set together. */
  readonly only?: readonly string[];
}

/** Writes what is missing of a set, and returns its folder. Says one line a file that it writes. */
export function writeFullSize(
  set: SetName,
  say: (line: string) => void,
  { model: name = "fastvlm-0.5b", form = "own", tokenizer, only }: FullSizeOptions = {},
): string {
  const { size, textFiles, sets, silent } = FULL_SIZE_MODELS[name];
  const folder = fullSizeFolder(form, name);
  mkdirSync(folder, { recursive: true });
  const record = openRecord(folder, stampOfSources());
  for (const [file, content] of Object.entries(textFiles())) {
    const path = join(folder, file);
    const text =
      tokenizer !== undefined && TOKENIZER_FILES.includes(file)
        ? readFileSync(join(tokenizer, file), "utf8")
        : `${JSON.stringify(content, null, 2)}\n`;
    if (!existsSync(path) || readFileSync(path, "utf8") !== text) writeFileSync(path, text);
  }
  const weights = silenceRows(randomWeights(size, SEED), silent);
  for (const [kind, dtype] of sets[set]) {
    const file = `${kind}-${dtype}`;
    if (record.has(file) || only?.includes(file) === false) continue;
    exportModel(weights, size, {
      directory: folder,
      dtypes: [dtype],
      graphs: [kind],
      form,
      onFile: ({ path, sizeBytes }) => {
        record.add(file, path, sizeBytes);
        say(`${path.slice(folder.length)}  ${(sizeBytes / 1e6).toFixed(1)} MB`);
      },
    });
  }
  return folder;
}

interface WrittenFile {
  readonly stamp: string;
  readonly path: string;
  readonly bytes: number;
}

/**
 * Remembers which files are whole: one that was interrupted is not in it. Each has a record of its own, so that processes
 * that write different ones do not disturb each other.
 */
function openRecord(folder: string, stamp: string) {
  const records = join(folder, "written");
  mkdirSync(records, { recursive: true });
  const recordPath = (file: string): string => join(records, `${file}.json`);
  return {
    has(file: string): boolean {
      if (!existsSync(recordPath(file))) return false;
      const found = JSON.parse(readFileSync(recordPath(file), "utf8")) as WrittenFile;
      const isCurrent = found.stamp === stamp && existsSync(found.path);
      return isCurrent && statSync(found.path).size === found.bytes;
    },
    add(file: string, path: string, bytes: number): void {
      writeFileSync(recordPath(file), JSON.stringify({ stamp, path, bytes } satisfies WrittenFile));
    },
  };
}

/** Files in this folder that decide nothing of what is in a graph. */
const ASIDE = ["cli.ts", "write-self-check.ts"];

/** Changes when the code that writes the graphs does. */
function stampOfSources(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const hash = createHash("sha256").update(`seed ${SEED}\n`);
  const writer = ["packages/onnx/src", "packages/onnx/src/format"].map(repositoryPath);
  for (const folder of [here, ...writer]) {
    for (const name of readdirSync(folder).sort()) {
      const decides = name.endsWith(".ts") && !name.endsWith(".test.ts") && !ASIDE.includes(name);
      if (decides) hash.update(readFileSync(join(folder, name)));
    }
  }
  return hash.digest("hex");
}
