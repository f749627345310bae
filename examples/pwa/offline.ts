/** The kit's library of models as this app uses it: one worker file, one place to ask. */

import type { ModelDescriptor } from "@fastvlm-kit/web";
import { createModelLibrary } from "./model-library-stub.ts";

export { DownloadControl, type OfflineReport } from "./model-library-stub.ts";

export function createWorker(): Worker {
  return new Worker(new URL("./vlm.worker.ts", import.meta.url), { type: "module" });
}

export const library = createModelLibrary({ worker: createWorker });

/** Whether model and code are here. A check that fails is a no: the network may still have them. */
export async function isReadyOffline(model: ModelDescriptor): Promise<boolean> {
  try {
    return await library.isOfflineReady(model);
  } catch {
    return false;
  }
}
