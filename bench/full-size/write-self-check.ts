/**
 * What the files of random weights compute. Without such numbers the kit asks them for an answer at their
 * first load, finds that it turns in a circle, and turns the device down: rightly, but nothing is measured then.
 */

import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sourceOfBytes } from "@fastvlm-kit/onnx/graph";
import { fastvlm05b, smolVlm, type ModelDescriptor } from "@fastvlm-kit/web";
import type { Device } from "../page/engine.ts";
import type { FullSizeName } from "./models.ts";

interface CheckedFiles {
  readonly folder: string;
  readonly model: FullSizeName;
  /** Another device may run other files. */
  readonly device: Device;
}

/** One image token: it shows whether files and devices agree, and costs what the kit's check costs without. */
const FASTVLM_IMAGE_SIZE = 64;

/** Its encoder takes no other size. */
const SMOLVLM_TILE = 512;

/** Writes `self-check-DEVICE.json` where it is missing or older than a graph. */
export async function writeSelfCheck(
  { folder, model, device }: CheckedFiles,
  say: (line: string) => void,
): Promise<void> {
  const name = `self-check-${device}.json`;
  const path = join(folder, name);
  const graphs = readdirSync(join(folder, "onnx")).map((file) => join(folder, "onnx", file));
  const newest = Math.max(...graphs.map((file) => statSync(file).mtimeMs));
  if (existsSync(path) && statSync(path).mtimeMs > newest) return;
  // The kit's runtime is written for a worker.
  Object.assign(globalThis, { self: globalThis, crossOriginIsolated: false });
  const { compareSets, readModelFolder } = await import("../../packages/web/src/compare.ts");
  const descriptor = describe(model);
  const side = model === "fastvlm-0.5b" ? FASTVLM_IMAGE_SIZE : SMOLVLM_TILE;
  const data = new Uint8ClampedArray(side ** 2 * 4).fill(128);
  const { selfCheck } = await compareSets({
    ...(await readModelFolder((name) => {
      const file = join(folder, name);
      return Promise.resolve(existsSync(file) ? readFileSync(file, "utf8") : undefined);
    })),
    open: (name) => {
      const bytes = new Uint8Array(readFileSync(join(folder, name)));
      return Promise.resolve({ ...sourceOfBytes(bytes), close: () => undefined });
    },
    // The files that this device gets; float16 is computed like the same weights in float32.
    sets: [{ name: device, graphs: graphsFor(descriptor, device) }],
    images: [{ name: "grey", read: () => Promise.resolve({ data, width: side, height: side }) }],
    imageSize: side,
    prompt: "Describe this image.",
    maxNewTokens: 1,
    threads: 1,
    onProgress: () => undefined,
  });
  writeFileSync(path, JSON.stringify(selfCheck));
  say(name);
}

function describe(model: FullSizeName): ModelDescriptor {
  if (model === "fastvlm-0.5b") return fastvlm05b({ acceptLicense: "apple-amlr" });
  return smolVlm({ size: model === "smolvlm-256m" ? "256M" : "500M" });
}

function graphsFor({ variants }: ModelDescriptor, device: Device) {
  const found = variants.find((one) => one.device === device && one.requires === undefined);
  if (!found) throw new Error(`The kit has no files for every device of the kind ${device}.`);
  return found.graphs;
}
