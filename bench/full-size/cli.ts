/** `npm run full-size [-- --set all|wasm|webgpu] [--form own|exporter]`. */

import { parseArgs } from "node:util";
import { FILE_SETS, FULL_SIZE_FOLDERS, writeFullSize } from "./write-full-size.ts";

const { values } = parseArgs({
  options: {
    set: { type: "string", default: "all" },
    form: { type: "string", default: "own" },
  },
});
const set = chosen("--set", values.set, FILE_SETS);
const form = chosen("--form", values.form, FULL_SIZE_FOLDERS);
writeFullSize(
  set,
  (line) => {
    console.log(line);
  },
  form,
);
console.log(`FastVLM-0.5B's size, random weights: ${FULL_SIZE_FOLDERS[form]}`);

function chosen<Choice extends string>(
  option: string,
  value: string,
  choices: Readonly<Record<Choice, unknown>>,
): Choice {
  if (Object.hasOwn(choices, value)) return value as Choice;
  console.error(`${option} takes ${Object.keys(choices).join(", ")}, not "${value}".`);
  process.exit(1);
}
