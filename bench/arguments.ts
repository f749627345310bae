/** The bench's command line. */

import { parseArgs } from "node:util";
import type { Device } from "./page/engine.ts";

export const USAGE = `Measures the kit beside transformers.js, in one Chromium, on the same files.

  npm run bench -- [--quick] [--device wasm|webgpu] [--model full-size|hub|FOLDER] [--headed] [--threads N]

  --quick            fewer sizes and repetitions: about three minutes on two cores
  --device DEVICE    wasm (default) or webgpu; without a graphics card webgpu is counted, not timed
  --model MODEL      full-size (default): random weights of the exact size, written when missing;
                     hub: the public files, under Apple's research licence;
                     or a folder with the hub's layout
  --headed           show the browser
  --threads N        threads of the WASM runtime, for both (default 2)
  --rows LIST        only these groups, e.g. load,first-token
`;

export interface Arguments {
  readonly isQuick: boolean;
  readonly device: Device;
  readonly model: "full-size" | "hub" | { readonly folder: string };
  readonly isHeaded: boolean;
  readonly threads: number;
  /** Undefined: all. */
  readonly rows: readonly string[] | undefined;
}

/** An argument that the user has to change. */
export class UsageError extends Error {}

/** @throws {UsageError} */
export function parseArguments(args: readonly string[]): Arguments | "help" {
  const values = parse(args);
  if (values.help) return "help";
  const { device, model, threads } = values;
  if (device !== "wasm" && device !== "webgpu") {
    throw new UsageError(`--device takes wasm or webgpu, not "${device}".`);
  }
  if (!/^[1-9]\d?$/.test(threads)) {
    throw new UsageError(`--threads takes a whole number, not "${threads}".`);
  }
  return {
    isQuick: values.quick,
    device,
    model: model === "full-size" || model === "hub" ? model : { folder: model },
    isHeaded: values.headed,
    threads: Number(threads),
    rows: values.rows?.split(","),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        quick: { type: "boolean", default: false },
        device: { type: "string", default: "wasm" },
        model: { type: "string", default: "full-size" },
        headed: { type: "boolean", default: false },
        threads: { type: "string", default: "2" },
        rows: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
