import type { OrtBuilds } from "../engines/ort/ort-source.ts";
import { JSPI_BUILDS } from "./webgpu.ts";

/** Also for WebGPU where a browser has no JSPI. Together the files have 58 MB, of which a browser loads one. */
export const ALL_BUILDS: OrtBuilds = {
  ...JSPI_BUILDS,
  asyncify: () => import("#onnxruntime/webgpu"),
};
