import type { OrtBuilds } from "../engines/ort/ort-source.ts";

/** For WASM only: 14 MB. */
export const WASM_BUILD: OrtBuilds = { wasm: () => import("#onnxruntime/wasm") };
