/** The kit's library of models as this app uses it: one worker file, one place to ask. */

import { createModelLibrary, type Device, type ModelDescriptor } from "@fastvlm-kit/web";

export { DownloadControl, type OfflineReport } from "@fastvlm-kit/web";

/** Put in by the build; see `vite.config.ts`. */
declare const __RUNTIME_BYTES__: Readonly<Record<"wasm" | "jspi" | "asyncify", number>>;

/** What the kit loads to run a device: the smaller of WebGPU's where the browser has JSPI. */
export const RUNTIME_BYTES: Readonly<Record<Device, number>> = {
  wasm: __RUNTIME_BYTES__.wasm,
  webgpu: "Suspending" in WebAssembly ? __RUNTIME_BYTES__.jspi : __RUNTIME_BYTES__.asyncify,
};

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
