/**
 * What the files of random weights compute. Without such numbers the kit asks them for an answer at their
 * first load, finds that it turns in a circle, and turns the device down: rightly, but nothing is measured then.
 */

import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sourceOfBytes } from "@fastvlm-kit/onnx/graph";

/** One image token: it shows whether files and devices agree, and costs what the kit's check costs without. */
const IMAGE_SIZE = 64;

/** Writes `self-check.json` where it is missing or older than a graph. */
export async function writeSelfCheck(folder: string, say: (line: string) => void): Promise<void> {
  const path = join(folder, "self-check.json");
  const graphs = readdirSync(join(folder, "onnx")).map((name) => `onnx/${name}`);
  const newest = Math.max(...graphs.map((name) => statSync(join(folder, name)).mtimeMs));
  if (existsSync(path) && statSync(path).mtimeMs > newest) return;
  // The kit's runtime is written for a worker.
  Object.assign(globalThis, { self: globalThis, crossOriginIsolated: false });
  const { compareSets, findSets, readModelFolder } =
    await import("../../packages/web/src/compare.ts");
  const data = new Uint8ClampedArray(IMAGE_SIZE * IMAGE_SIZE * 4).fill(128);
  const { selfCheck } = await compareSets({
    ...(await readModelFolder((name) => {
      const file = join(folder, name);
      return Promise.resolve(existsSync(file) ? readFileSync(file, "utf8") : undefined);
    })),
    open: (name) => {
      const bytes = new Uint8Array(readFileSync(join(folder, name)));
      return Promise.resolve({ ...sourceOfBytes(bytes), close: () => undefined });
    },
    sets: findSets(graphs).slice(-1),
    images: [
      {
        name: "grey",
        read: () => Promise.resolve({ data, width: IMAGE_SIZE, height: IMAGE_SIZE }),
      },
    ],
    imageSize: IMAGE_SIZE,
    prompt: "Describe this image.",
    maxNewTokens: 1,
    threads: 1,
    onProgress: () => undefined,
  });
  writeFileSync(path, JSON.stringify(selfCheck));
  say("self-check.json");
}
