/** onnxruntime-web as an engine: what it does when it is needed. A chunk of its own. */

import type { EngineCode } from "../engine.ts";
import { describeDevice } from "./describe-device.ts";
import { INT8_ENCODER } from "./int8-encoder.ts";
import { createOnnxRuntime } from "./onnx-runtime.ts";
import type { OrtFiles } from "./ort-files.ts";
import { startOrt } from "./start-ort.ts";

/** @param files where its runtime files are, when the bundler's own place is not right */
export function createOrtCode(files: OrtFiles | undefined): EngineCode {
  return {
    async start(options) {
      await startOrt({ ...options, files });
    },
    describe: (options) => describeDevice({ ...options, files }),
    createRuntime: (options) =>
      createOnnxRuntime({
        ...options,
        files,
        onSessionCreated: (graph, milliseconds, weights) => {
          options.onGraphLoaded(graph, milliseconds, { "vlm.weights": weights });
        },
        onGraphPrepared: (_, { report }) => {
          options.onGraphPrepared(report);
        },
      }),
    // A GPU multiplies floats as fast.
    encoderOptimizer: (device) => (device === "wasm" ? INT8_ENCODER : undefined),
  };
}
