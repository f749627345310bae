/** The bench's command line. */

import { parseArgs } from "node:util";
import type { Device, Form } from "./page/engine.ts";

export const USAGE = `Measures the kit beside transformers.js, in one Chromium, on the same files.

  npm run bench -- [--quick] [--device wasm|webgpu] [--model full-size|hub|FOLDER] [--headed] [--threads N]

  --quick            one size, one measurement of each: within three minutes on two cores
  --device DEVICE    wasm (default) or webgpu; without a graphics card webgpu is counted, not timed
  --model MODEL      full-size (default): random weights of the exact size, written when missing;
                     hub: the public files, under Apple's research licence;
                     or a folder with the hub's layout
  --form FORM        own (default) or exporter: the graphs that this writes as the official exporters spell them
  --headed           show the browser
  --threads N        threads of the WASM runtime, for both (default 2)
  --rows LIST        only these groups: load, first-token, text, again, scripts, gpu
  --sizes LIST       sides of the encoder's square (default 1024,512,256)
  --runs N           how many measurements of each are kept (default 3; with --quick 1)
`;

export interface Arguments {
  readonly isQuick: boolean;
  readonly device: Device;
  readonly model: "full-size" | "hub" | { readonly folder: string };
  readonly form: Form;
  readonly isHeaded: boolean;
  readonly threads: number;
  /** From large to small. */
  readonly imageSizes: readonly number[];
  readonly runs: number;
  /** Undefined: all. */
  readonly rows: readonly string[] | undefined;
}

/** An argument that the user has to change. */
export class UsageError extends Error {}

/** @throws {UsageError} */
export function parseArguments(args: readonly string[]): Arguments | "help" {
  const values = parse(args);
  if (values.help) return "help";
  const { device, model, form, sizes, quick } = values;
  if (device !== "wasm" && device !== "webgpu") {
    throw new UsageError(`--device takes wasm or webgpu, not "${device}".`);
  }
  if (form !== "own" && form !== "exporter") {
    throw new UsageError(`--form takes own or exporter, not "${form}".`);
  }
  return {
    isQuick: quick,
    device,
    model: model === "full-size" || model === "hub" ? model : { folder: model },
    form,
    isHeaded: values.headed,
    threads: count("--threads", values.threads),
    imageSizes: sizes === undefined ? (quick ? [256] : [1024, 512, 256]) : parseSizes(sizes),
    runs: count("--runs", values.runs ?? (quick ? "1" : "3")),
    rows: values.rows?.split(","),
  };
}

function count(option: string, text: string): number {
  if (/^[1-9]\d?$/.test(text)) return Number(text);
  throw new UsageError(`${option} takes a whole number, not "${text}".`);
}

function parseSizes(text: string): number[] {
  const sizes = text.split(",").map(Number);
  if (sizes.every((size) => Number.isInteger(size / 64) && size > 0)) {
    return sizes.sort((a, b) => b - a);
  }
  throw new UsageError(`--sizes takes multiples of 64, not "${text}".`);
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        quick: { type: "boolean", default: false },
        device: { type: "string", default: "wasm" },
        model: { type: "string", default: "full-size" },
        form: { type: "string", default: "own" },
        headed: { type: "boolean", default: false },
        threads: { type: "string", default: "2" },
        rows: { type: "string" },
        sizes: { type: "string" },
        runs: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
