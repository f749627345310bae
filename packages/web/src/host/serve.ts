/**
 * What a worker does: it serves a page; or, for the worker that serves one, it verifies files or is a
 * thread of onnxruntime.
 */

import { expose } from "comlink";
import type { OrtFiles } from "../engines/ort/ort-files.ts";
import { buildOfMergedThread, runMergedThread } from "../engines/ort/merged-thread.ts";
import { createFileStore } from "../storage/file-store.ts";
import { openWeightStore } from "../storage/open-stores.ts";
import { serveVerification, VERIFIER_NAME } from "../storage/verify-ahead.ts";
import { createHost } from "./host.ts";

/** @throws what a thread of onnxruntime throws that cannot be one */
export async function serve(ortFiles: OrtFiles | undefined): Promise<void> {
  const build = buildOfMergedThread(self.name);
  if (build) {
    await runMergedThread(build);
    return;
  }
  if (self.name === VERIFIER_NAME) {
    serveVerification(self, (databaseName) => createFileStore(openWeightStore(databaseName)));
    return;
  }
  expose(Object.freeze(Object.assign(Object.create(null), createHost(ortFiles))));
}
