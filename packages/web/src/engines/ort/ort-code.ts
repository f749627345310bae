/** onnxruntime-web as an engine: what it does when it is needed. A chunk of its own. */

import type { EngineCode } from "../engine.ts";
import { describeDevice } from "./describe-device.ts";
import { INT8_ENCODER } from "./int8-encoder.ts";
import { createOnnxRuntime } from "./onnx-runtime.ts";
import { defaultThreads } from "./load-ort.ts";
import type { OrtSource } from "./ort-source.ts";
import { startOrt } from "./start-ort.ts";
import { timeThreadsOf } from "./thread-speed.ts";

export function createOrtCode(source: OrtSource): EngineCode {
  return {
    async start(options) {
      await startOrt({ ...options, source });
    },
    threads: {
      byDefault: defaultThreads,
      time: async (options) => timeThreadsOf(await startOrt({ ...options, source })),
    },
    describe: (options) => describeDevice({ ...options, source }),
    createRuntime: (options) =>
      createOnnxRuntime({
        ...options,
        source,
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
