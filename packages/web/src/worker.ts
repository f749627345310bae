/**
 * The worker's entry. An app's worker file is two lines: import `startWorker` and call it.
 *
 * @module
 */

import type { OrtFiles } from "./engines/ort/ort-files.ts";
import { holdMessages } from "./host/held-messages.ts";

export type { OrtFiles } from "./engines/ort/ort-files.ts";

/** Settings that only the worker can know. */
export interface WorkerOptions {
  /**
   * Where onnxruntime-web's `.wasm` files are: a folder's address, or each file's. By default they are
   * where the bundler put them, beside the app's own scripts. Those to serve by yourself are in
   * `dist/onnxruntime` of this package: those of another version do not fit. Files that are named one by one have to be
   * of the build for the device: the plain one for WASM, `asyncify` for WebGPU. A folder holds both, and
   * `jspi`, which is taken for WebGPU where the browser has JSPI.
   */
  readonly ortFiles?: OrtFiles;
}

/**
 * Serves a {@link createVlm} client from this worker.
 *
 * Call it first thing in the worker file, before any `await`: messages that arrive before it are lost.
 * While a large model loads, the worker starts its own script once more to verify the stored files beside
 * it; what else the file does, it does there too.
 *
 * @example
 * import { startWorker } from "@fastvlm-kit/web/worker";
 * startWorker();
 */
export function startWorker(options: WorkerOptions = {}): void {
  // A thread of onnxruntime, whose script imports this one: it serves ORT, not the page.
  if (self.name.startsWith("em-pthread")) return;
  if (!isFirstStart()) return;
  const release = holdMessages(self);
  // A chunk, and not a part of this one: where chunks import the worker's entry, because they share
  // code with it, WebKit evaluates the entry again, and all that it shares is there twice.
  const work = import("./host/serve.ts").then(({ serve }) => serve(options.ortFiles));
  work.then(release, (error: unknown) => {
    // As an error of the worker: whoever started it would hear nothing of a rejection.
    setTimeout(() => {
      throw error;
    });
  });
}

/** Whether nobody called {@link startWorker} in this worker yet, of whatever copy of this module. */
function isFirstStart(): boolean {
  const scope = self as typeof self & { [STARTED]?: boolean };
  if (scope[STARTED] === true) return false;
  scope[STARTED] = true;
  return true;
}

const STARTED: unique symbol = Symbol.for("fastvlm-kit.worker");
