/** The engine on onnxruntime-web. This file is in the worker's light chunk, and loads the rest only when it is needed. */

import type { Engine } from "../engine.ts";
import { chooseBuild } from "./load-ort.ts";
import { buildOfMergedThread, runMergedThread } from "./merged-thread.ts";
import type { OrtFiles } from "./ort-files.ts";

/** @param files where the files of the runtime are, if not in the bundler's own place */
export function createOrtEngine(files?: OrtFiles): Engine {
  return {
    name: "onnxruntime-web",
    devices: ["webgpu", "wasm"],
    // The path of a file tells little about its content, so onnxruntime decides when it reads the file.
    takes: () => true,
    // After an update of the browser, another build may be right.
    codeName: (device) => `onnxruntime-web/${chooseBuild({ device, files })}`,
    load: async () => (await import("./ort-code.ts")).createOrtCode(files),
    runThread(workerName) {
      const build = buildOfMergedThread(workerName);
      return build && runMergedThread(build);
    },
  };
}
