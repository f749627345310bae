/** onnxruntime-web as an engine: what the worker knows of it before it loads any of it. */

import type { Engine } from "../engine.ts";
import { chooseBuild } from "./load-ort.ts";
import { buildOfMergedThread, runMergedThread } from "./merged-thread.ts";
import type { OrtFiles } from "./ort-files.ts";

/** @param files where its runtime files are, when the bundler's own place is not right */
export function createOrtEngine(files?: OrtFiles): Engine {
  return {
    name: "onnxruntime-web",
    devices: ["webgpu", "wasm"],
    // A path tells little of what a file holds: onnxruntime reads it, and has the last word on it.
    takes: () => true,
    // Another build may be right after an update of the browser.
    codeName: (device) => `onnxruntime-web/${chooseBuild({ device, files })}`,
    load: async () => (await import("./ort-code.ts")).createOrtCode(files),
    runThread(workerName) {
      const build = buildOfMergedThread(workerName);
      return build && runMergedThread(build);
    },
  };
}
