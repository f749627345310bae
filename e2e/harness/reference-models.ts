/** What all pages of the reference share: where models come from, and what an answer is. */

import { env } from "@huggingface/transformers";

export interface ReferenceAnswer {
  readonly text: string;
  readonly ids: readonly number[];
}

/** @param host folder of model folders, with a slash at the end */
export function takeModelsFrom(host: string): void {
  env.allowLocalModels = false;
  env.remoteHost = host;
  env.remotePathTemplate = "{model}/";
  env.useBrowserCache = false;
  env.useWasmCache = false;
  // The bundler put ORT's files beside this script; transformers.js would ask a CDN.
  (env.backends.onnx.wasm as unknown as { wasmPaths: undefined }).wasmPaths = undefined;
}
