/** The bench's command line. */

import { parseArgs } from "node:util";
import { MEASURED_MODELS, type ModelName } from "./models.ts";
import type { Device, Form } from "./page/engine.ts";
import { GROUPS } from "./row.ts";

export const USAGE = `Measures the kit beside transformers.js, in one Chromium, on the same files.

  npm run bench -- [--model NAME] [--quick] [--device wasm|webgpu] [--files random|hub|FOLDER] [--headed] [--threads N]

  --model NAME       fastvlm-0.5b (default), smolvlm-256m or smolvlm-500m
  --quick            one size, one measurement of each: within three minutes on two cores
  --device DEVICE    wasm (default) or webgpu; without a graphics card webgpu is counted, not timed
  --files FILES      random (default): random weights of the exact size, written when missing;
                     hub: the public files (those of FastVLM are under Apple's research licence);
                     or a folder with the hub's layout
  --form FORM        own (default) or exporter: the graphs that this writes as the official exporters spell them
  --headed           show the browser
  --threads N        threads of the WASM runtime, for both (default 2)
  --rows LIST        only these groups: load, first-token, text, again, same-answer, scripts, gpu
  --sizes LIST       sides at which pictures are seen (default 1024,512,256; SmolVLM 1024,512)
  --browser-args ARGS  more arguments for Chromium, with spaces between them
  --runs N           how many measurements of each are kept (default 3; with --quick 1)
`;

export interface Arguments {
  readonly model: ModelName;
  readonly isQuick: boolean;
  readonly device: Device;
  readonly files: "random" | "hub" | { readonly folder: string };
  readonly form: Form;
  readonly isHeaded: boolean;
  readonly threads: number;
  /** From large to small. */
  readonly imageSizes: readonly number[];
  readonly runs: number;
  /** For Chromium, beside the bench's own. */
  readonly browserArgs: readonly string[];
  /** Undefined: all. */
  readonly rows: readonly string[] | undefined;
}

/** An argument that the user has to change. */
export class UsageError extends Error {}

/** @throws {UsageError} */
export function parseArguments(args: readonly string[]): Arguments | "help" {
  const values = parse(args);
  if (values.help) return "help";
  const { device, files, form, sizes, quick } = values;
  if (device !== "wasm" && device !== "webgpu") {
    throw new UsageError(`--device takes wasm or webgpu, not "${device}".`);
  }
  if (form !== "own" && form !== "exporter") {
    throw new UsageError(`--form takes own or exporter, not "${form}".`);
  }
  const model = parseModel(values.model);
  const { quickSizes, sizes: allSizes, sizeStep } = MEASURED_MODELS[model];
  return {
    model,
    isQuick: quick,
    device,
    files: files === "random" || files === "hub" ? files : { folder: files },
    form,
    isHeaded: values.headed,
    threads: count("--threads", values.threads),
    imageSizes: sizes === undefined ? (quick ? quickSizes : allSizes) : parseSizes(sizes, sizeStep),
    browserArgs: values["browser-args"]?.split(" ") ?? [],
    runs: count("--runs", values.runs ?? (quick ? "1" : "3")),
    rows: values.rows === undefined ? undefined : parseRows(values.rows),
  };
}

function parseModel(name: string): ModelName {
  if (Object.hasOwn(MEASURED_MODELS, name)) return name as ModelName;
  const names = Object.keys(MEASURED_MODELS).join(", ");
  throw new UsageError(`--model takes one of ${names}, not "${name}".`);
}

function parseRows(text: string): string[] {
  const rows = text.split(",");
  const unknown = rows.find((row) => !GROUPS.some((group) => group === row));
  if (unknown === undefined) return rows;
  throw new UsageError(`--rows takes ${GROUPS.join(", ")}, not "${unknown}".`);
}

function count(option: string, text: string): number {
  if (/^[1-9]\d?$/.test(text)) return Number(text);
  throw new UsageError(`${option} takes a whole number, not "${text}".`);
}

function parseSizes(text: string, step: number): number[] {
  const sizes = text.split(",").map(Number);
  if (sizes.every((size) => Number.isInteger(size / step) && size > 0)) {
    return sizes.sort((a, b) => b - a);
  }
  throw new UsageError(`--sizes takes multiples of ${step} for this model, not "${text}".`);
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        quick: { type: "boolean", default: false },
        device: { type: "string", default: "wasm" },
        model: { type: "string", default: "fastvlm-0.5b" },
        files: { type: "string", default: "random" },
        form: { type: "string", default: "own" },
        headed: { type: "boolean", default: false },
        threads: { type: "string", default: "2" },
        rows: { type: "string" },
        sizes: { type: "string" },
        runs: { type: "string" },
        "browser-args": { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
