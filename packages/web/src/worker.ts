/**
 * The entry of the worker, for every device and browser. An app's worker file imports `startWorker` and calls it; it needs
 * nothing else. A bundler copies the files of three runtimes into the app, 58 MB, of which a browser loads one. Entries
 * with fewer: `@fastvlm-kit/web/worker-webgpu` and `@fastvlm-kit/web/worker-wasm`.
 *
 * @module
 */

import { ALL_BUILDS } from "./runtimes/all.ts";
import { startWorkerWith } from "./start-worker.ts";
import type { WorkerOptions } from "./worker-options.ts";

export type { RuntimeFiles, WorkerOptions } from "./worker-options.ts";

/**
 * Serves a {@link createVlm} client from this worker.
 *
 * Call it at the top of the worker file, before any `await`, because messages that arrive earlier are lost.
 * While a large model loads, the worker starts its own script a second time, to verify stored files at the same
 * time. Whatever else your worker file does, it then does a second time too.
 *
 * @example
 * import { startWorker } from "@fastvlm-kit/web/worker";
 * startWorker();
 */
export function startWorker(options: WorkerOptions = {}): void {
  startWorkerWith(ALL_BUILDS, options);
}
