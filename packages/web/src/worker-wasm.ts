/**
 * The entry of the worker for WASM only. A bundler copies one runtime of 14 MB instead of three of 58 MB.
 *
 * @module
 */

import { WASM_BUILD } from "./runtimes/wasm.ts";
import { startWorkerWith } from "./start-worker.ts";
import type { WorkerOptions } from "./worker-options.ts";

export type { RuntimeFiles, WorkerOptions } from "./worker-options.ts";

/**
 * Serves a {@link createVlm} client from this worker, as `startWorker` of `@fastvlm-kit/web/worker` does. Set `device` of
 * the client to `wasm`. Else it tries WebGPU first where a browser has it, and falls back with the reason `no-engine`.
 *
 * @example
 * import { startWorker } from "@fastvlm-kit/web/worker-wasm";
 * startWorker();
 */
export function startWorker(options: WorkerOptions = {}): void {
  startWorkerWith(WASM_BUILD, options);
}
