/**
 * Starts the job of a worker. It has one of three jobs: it serves a page, or it verifies files for the worker that
 * serves a page, or it is a thread of onnxruntime.
 */

import { expose } from "comlink";
import type { OrtFiles } from "../engines/ort/ort-files.ts";
import { buildOfMergedThread, runMergedThread } from "../engines/ort/merged-thread.ts";
import { createFileStore } from "../storage/file-store.ts";
import { openWeightStore } from "../storage/open-stores.ts";
import { serveVerification, VERIFIER_NAME } from "../storage/verify-ahead.ts";
import { createHost } from "./host.ts";

/** @throws the error of a thread of onnxruntime that cannot start */
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
