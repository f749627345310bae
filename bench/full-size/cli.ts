/** `npm run full-size [-- --set all|wasm|webgpu]`. */

import { parseArgs } from "node:util";
import { FILE_SETS, FULL_SIZE_FOLDER, writeFullSize } from "./write-full-size.ts";

const { values } = parseArgs({ options: { set: { type: "string", default: "all" } } });
const set = values.set as keyof typeof FILE_SETS;
if (!Object.hasOwn(FILE_SETS, set)) {
  console.error(`--set takes ${Object.keys(FILE_SETS).join(", ")}, not "${values.set}".`);
  process.exit(1);
}
writeFullSize(set, (line) => {
  console.log(line);
});
console.log(`FastVLM-0.5B's size, random weights: ${FULL_SIZE_FOLDER}`);
