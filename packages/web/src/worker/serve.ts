/** What a worker does: it serves a page, or it verifies files for the worker that serves one. */

import { expose } from "comlink";
import type { OrtFiles } from "../ort/ort-files.ts";
import { createFileStore } from "../storage/file-store.ts";
import { openWeightStore } from "../storage/open-stores.ts";
import { serveVerification, VERIFIER_NAME } from "../storage/verify-ahead.ts";
import { createHost } from "./host.ts";

export function serve(ortFiles: OrtFiles | undefined): void {
  if (self.name === VERIFIER_NAME) {
    serveVerification(self, (databaseName) => createFileStore(openWeightStore(databaseName)));
    return;
  }
  expose(Object.freeze(Object.assign(Object.create(null), createHost(ortFiles))));
}
