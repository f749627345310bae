/**
 * The entry of the worker for browsers that have JSPI with their WebGPU, such as Chrome and Edge from 137 on. Other
 * browsers run on WASM. A bundler copies 31 MB of runtimes instead of 58 MB, and no file of more than 25 MiB.
 *
 * @module
 */

import { JSPI_BUILDS } from "./runtimes/webgpu.ts";
import { startWorkerWith } from "./start-worker.ts";
import type { WorkerOptions } from "./worker-options.ts";

export type { RuntimeFiles, WorkerOptions } from "./worker-options.ts";

/**
 * Serves a {@link createVlm} client from this worker, as `startWorker` of `@fastvlm-kit/web/worker` does. Where a browser
 * has WebGPU without JSPI, the client falls back to WASM, with the reason `no-engine`.
 *
 * @example
 * import { startWorker } from "@fastvlm-kit/web/worker-webgpu";
 * startWorker();
 */
export function startWorker(options: WorkerOptions = {}): void {
  startWorkerWith(JSPI_BUILDS, options);
}
