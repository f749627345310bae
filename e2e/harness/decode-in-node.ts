/** Decodes files as the server does, in Node: `decode-in-node.ts FILE...` writes their pixels on white as JSON. */

import { readFileSync } from "node:fs";
import { createSharpDecoder } from "@fastvlm-kit/serve";
import { DEFAULT_IMAGE_LIMITS } from "@fastvlm-kit/web";
import { decodeFile } from "@fastvlm-kit/web/host";

const decoder = createSharpDecoder();
const { signal } = new AbortController();

const shown = [];
for (const path of process.argv.slice(2)) {
  const bytes = new Uint8Array(readFileSync(path));
  const { pixels } = await decodeFile(bytes, decoder, DEFAULT_IMAGE_LIMITS, signal);
  const { width, height, data } = pixels;
  const onWhite = Array.from(data, (sample, at) => {
    const alpha = data[at - (at % 4) + 3]! / 255;
    return Math.round(sample * alpha + 255 * (1 - alpha));
  });
  shown.push({ width, height, data: onWhite.filter((_, at) => at % 4 < 3) });
}
process.stdout.write(JSON.stringify(shown));
