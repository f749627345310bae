/**
 * The entry of the worker. An app's worker file imports `startWorker` and calls it; it needs nothing else.
 *
 * @module
 */

import type { OrtFiles } from "./engines/ort/ort-files.ts";
import { holdMessages } from "./host/held-messages.ts";

export type { OrtFiles } from "./engines/ort/ort-files.ts";

/** Settings that an app can make only in its worker file. */
export interface WorkerOptions {
  /**
   * Where onnxruntime-web's `.wasm` files are: the address of a folder, or of each file. By default they are
   * where the bundler put them, beside the app's own scripts. To serve them yourself, copy them from
   * `dist/onnxruntime` of this package; files of another version do not work. If you name the files one by one, name
   * those of the build for the device: the plain build for WASM, `asyncify` for WebGPU. A folder has to hold both, and
   * `jspi`, which the kit takes for WebGPU where the browser has JSPI.
   */
  readonly ortFiles?: OrtFiles;
}

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
  // This is a thread of onnxruntime, whose script imports this one. It works for onnxruntime, not for the page.
  if (self.name.startsWith("em-pthread")) return;
  if (!isFirstStart()) return;
  const release = holdMessages(self);
  // These are chunks of their own. If the entry held code that chunks share, the chunks would import the entry, and
  // WebKit would evaluate it a second time: everything in it would exist twice.
  const work = Promise.all([import("./host/serve.ts"), import("./engines/ort/ort-engine.ts")]).then(
    ([{ serve }, { createOrtEngine }]) => serve([createOrtEngine(options.ortFiles)]),
  );
  work.then(release, (error: unknown) => {
    // Thrown as an error of the worker, because the page is not told of a rejected promise.
    setTimeout(() => {
      throw error;
    });
  });
}

/** Whether this is the first call of {@link startWorker} in this worker, also across copies of this module. */
function isFirstStart(): boolean {
  const scope = self as typeof self & { [STARTED]?: boolean };
  if (scope[STARTED] === true) return false;
  scope[STARTED] = true;
  return true;
}

const STARTED: unique symbol = Symbol.for("fastvlm-kit.worker");
