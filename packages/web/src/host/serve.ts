/**
 * Starts the job of a worker. It has one of three jobs: it serves a page, or it verifies files for the worker that
 * serves a page, or it is a thread of an engine.
 */

import type { Engine } from "../engines/engine.ts";
import { createFileStore } from "../storage/file-store.ts";
import { openWeightStore } from "../storage/open-stores.ts";
import { serveVerification, VERIFIER_NAME } from "../storage/verify-ahead.ts";
import { serveMethods } from "./serve-methods.ts";

/**
 * @param engines in order of preference
 * @throws the error of a thread that cannot start
 */
export async function serve(engines: readonly Engine[]): Promise<void> {
  for (const engine of engines) {
    const thread = engine.runThread?.(self.name);
    if (thread) return thread;
  }
  if (self.name === VERIFIER_NAME) {
    serveVerification(self, (databaseName) => createFileStore(openWeightStore(databaseName)));
    return;
  }
  serveMethods(engines, self);
}
