/** What the user may write on the command line, and what it means. */

import { existsSync, statSync } from "node:fs";
import { parseArgs } from "node:util";
import type { CaptionPresetName, Device } from "@fastvlm-kit/web";
import { repositoryPath } from "../run.ts";

export const HELP = `Describes pictures, or answers a question about them, with the SDK in headless Chromium.

  npm run caption -- FILE... [options]
  npm run caption -- --prompt TEXT            a question without a picture

  --prompt TEXT          ask this about every picture, instead of a caption
  --preset NAME          how a caption is worded: brief (default), detailed or alt-text
  --device NAME          auto (default), webgpu (in software if need be) or wasm
  --model NAME           a folder with config.json, tokenizer.json, tokenizer_config.json and onnx/*.onnx,
                         or onnx-community/FastVLM-0.5B-ONNX; by default the embedded model
  --accept-license NAME  apple-amlr: you read Apple's licence, which allows research only
  --profile DIR          where the browser keeps models and answers
  --json                 one JSON object for each file
  --help
`;

/** The model on the hub that can be named. */
export const HUB_MODEL = "onnx-community/FastVLM-0.5B-ONNX";

export interface Arguments {
  readonly files: readonly string[];
  readonly prompt: string | undefined;
  readonly preset: CaptionPresetName;
  readonly device: "auto" | Device;
  /** A folder, {@link HUB_MODEL}, or undefined: the embedded model. */
  readonly model: string | undefined;
  readonly acceptLicense: boolean;
  readonly profile: string;
  readonly json: boolean;
  readonly help: boolean;
}

/** Something that the user has to write differently. */
export class UsageError extends Error {}

const OPTIONS = {
  prompt: { type: "string" },
  preset: { type: "string" },
  device: { type: "string", default: "auto" },
  model: { type: "string" },
  "accept-license": { type: "string" },
  profile: { type: "string", default: repositoryPath(".cache/caption/profile") },
  json: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

/** @throws {UsageError} with a sentence for the user */
export function readArguments(args: readonly string[]): Arguments {
  const { values, positionals } = parse(args);
  const { prompt, model, json, help, profile } = values;
  if (!help && positionals.length === 0 && prompt === undefined) {
    throw new UsageError(
      "Name a picture, or ask something with --prompt. --help shows all options.",
    );
  }
  if (prompt?.trim() === "") throw new UsageError("--prompt needs a question in it.");
  if (prompt !== undefined && values.preset !== undefined) {
    throw new UsageError(
      "--prompt and --preset exclude each other: a preset is a prompt of the model's own.",
    );
  }
  if (model !== undefined && model !== HUB_MODEL && !isFolder(model)) {
    throw new UsageError(
      `--model must be a folder or ${HUB_MODEL}; there is no folder "${model}".`,
    );
  }
  const license = values["accept-license"];
  if (license !== undefined && license !== "apple-amlr") {
    throw new UsageError(`--accept-license knows apple-amlr, not "${license}".`);
  }
  return {
    files: positionals,
    prompt,
    preset: oneOf("--preset", values.preset ?? "brief", ["brief", "detailed", "alt-text"]),
    device: oneOf("--device", values.device, ["auto", "webgpu", "wasm"]),
    model,
    acceptLicense: license !== undefined,
    profile,
    json,
    help,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function oneOf<Choice extends string>(
  option: string,
  given: string,
  choices: readonly Choice[],
): Choice {
  const found = choices.find((choice) => choice === given);
  if (found === undefined)
    throw new UsageError(`${option} must be one of ${choices.join(", ")}, not "${given}".`);
  return found;
}

function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}
