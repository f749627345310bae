/**
 * `npm run full-size [-- MODEL] [--set all|wasm|webgpu] [--only FILES] [--form own|exporter] [--tokenizer FOLDER]`.
 * FILES are some of the set, such as `vision-q4,decoder-q4`.
 */

import { parseArgs } from "node:util";
import { FULL_SIZE_MODELS, SETS } from "./models.ts";
import { writeFullSize } from "./write-full-size.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    set: { type: "string", default: "all" },
    form: { type: "string", default: "own" },
    tokenizer: { type: "string" },
    only: { type: "string" },
  },
});
const [name = "fastvlm-0.5b"] = positionals;
const model = chosen("The model", name, FULL_SIZE_MODELS);
const { tokenizer, only } = values;
const folder = writeFullSize(
  chosen("--set", values.set, SETS),
  (line) => {
    console.log(line);
  },
  {
    model,
    form: chosen("--form", values.form, { own: "own", exporter: "exporter" }),
    ...(tokenizer !== undefined && { tokenizer }),
    ...(only !== undefined && { only: only.split(",") }),
  },
);
console.log(`${FULL_SIZE_MODELS[model].title}'s size, random weights: ${folder}`);

function chosen<Choice extends string>(
  what: string,
  value: string,
  choices: Readonly<Record<Choice, unknown>>,
): Choice {
  if (Object.hasOwn(choices, value)) return value as Choice;
  console.error(`${what} has to be one of ${Object.keys(choices).join(", ")}, not "${value}".`);
  process.exit(1);
}
