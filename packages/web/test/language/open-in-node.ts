/** Measures a decoder in Node, on WASM with one thread. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { measure, measureSpeed } from "./measure.ts";
import { openRuntime, VISION, type Dtype } from "./open-runtime.ts";
import type { Measurer } from "./measurer.ts";

export const TINY_VISION = join(
  import.meta.dirname,
  "../../../tiny/model/onnx/vision_encoder.onnx",
);

/** @param folder the one that `weights.py` wrote, with `onnx/` in it */
export async function openInNode(folder: string, dtype: Dtype): Promise<Measurer> {
  // The engine is written for a worker.
  Object.assign(globalThis, { self: globalThis, crossOriginIsolated: false });
  const runtime = await openRuntime({
    device: "wasm",
    dtype,
    threads: 1,
    read: async (path) =>
      new Uint8Array(await readFile(path === VISION ? TINY_VISION : join(folder, path))),
  });
  return {
    measure: (...work) => measure(runtime, ...work),
    measureSpeed: (...work) => measureSpeed(runtime, ...work, processorMs),
    close: () => runtime.dispose(),
  };
}

/** The time of the processor, which other programs on the machine change less than the clock's. */
function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
