import type { OrtBuilds } from "../engines/ort/ort-source.ts";
import { WASM_BUILD } from "./wasm.ts";

/** For WebGPU where the browser has JSPI, and for WASM everywhere: 31 MB, and no file has more than 25 MiB. */
export const JSPI_BUILDS: OrtBuilds = { ...WASM_BUILD, jspi: () => import("#onnxruntime/jspi") };
