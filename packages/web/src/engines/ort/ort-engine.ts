/** The engine on onnxruntime-web. This file is in the worker's light chunk, and loads the rest only when it is needed. */

import type { Engine } from "../engine.ts";
import { chooseBuild, requireBuild } from "./load-ort.ts";
import { buildOfMergedThread, runMergedThread } from "./merged-thread.ts";
import type { OrtSource } from "./ort-source.ts";

export function createOrtEngine(source: OrtSource): Engine {
  return {
    name: "onnxruntime-web",
    devices: (["webgpu", "wasm"] as const).filter((device) => chooseBuild(source, device)),
    // The path of a file tells little about its content, so onnxruntime decides when it reads the file.
    takes: () => true,
    // After an update of the browser, another build may be right.
    codeName: (device) => `onnxruntime-web/${requireBuild(source, device)}`,
    load: async () => (await import("./ort-code.ts")).createOrtCode(source),
    runThread(workerName) {
      const build = buildOfMergedThread(workerName);
      return build && runMergedThread(source, build);
    },
  };
}
