/** `npm run build:kernels`: writes the kernels as modules that carry them. The results are committed, and tested. */

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { format } from "prettier";
import createWabt from "wabt";

const SOURCE = fileURLToPath(new URL("resize.wat", import.meta.url));
const MODULE = fileURLToPath(new URL("../src/image/tensor/resize-kernel.ts", import.meta.url));

/** The text of the module for `kernels/resize.wat`. */
export async function buildResizeKernel(): Promise<string> {
  const wabt = await createWabt();
  const parsed = wabt.parseWat(SOURCE, readFileSync(SOURCE, "utf8"), { simd: true });
  parsed.validate();
  const base64 = Buffer.from(parsed.toBinary({}).buffer).toString("base64");
  parsed.destroy();
  return format(
    `/** \`kernels/resize.wat\` in base64, made by \`npm run build:kernels\`. */\nexport const RESIZE_KERNEL = "${base64}";\n`,
    { parser: "typescript", printWidth: 100 },
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(MODULE, await buildResizeKernel());
}
