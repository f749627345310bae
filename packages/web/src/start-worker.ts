/** What the worker's entries have in common. They differ in the builds of onnxruntime that they can load. */

import type { OrtBuilds } from "./engines/ort/ort-source.ts";
import { holdMessages } from "./host/held-messages.ts";
import type { WorkerOptions } from "./worker-options.ts";

export function startWorkerWith(builds: OrtBuilds, { runtimeFiles }: WorkerOptions): void {
  // This is a thread of onnxruntime, whose script imports this one. It works for onnxruntime, not for the page.
  if (self.name.startsWith("em-pthread")) return;
  if (!isFirstStart()) return;
  const release = holdMessages(self);
  // These are chunks of their own. If the entry held code that chunks share, the chunks would import the entry, and
  // WebKit would evaluate it a second time: everything in it would exist twice.
  const work = Promise.all([import("./host/serve.ts"), import("./engines/ort/ort-engine.ts")]).then(
    ([{ serve }, { createOrtEngine }]) => serve([createOrtEngine({ builds, files: runtimeFiles })]),
  );
  work.then(release, (error: unknown) => {
    // Thrown as an error of the worker, because the page is not told of a rejected promise.
    setTimeout(() => {
      throw error;
    });
  });
}

/** Whether this is the first call in this worker, also across copies of this module. */
function isFirstStart(): boolean {
  const scope = self as typeof self & { [STARTED]?: boolean };
  if (scope[STARTED] === true) return false;
  scope[STARTED] = true;
  return true;
}

const STARTED: unique symbol = Symbol.for("fastvlm-kit.worker");
