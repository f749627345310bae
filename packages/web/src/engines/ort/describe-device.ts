/** Names in one line what a device's numbers depend on, besides the model's files. */

import { DECODER_REWRITE } from "@fastvlm-kit/onnx/graph";
import { describeAdapter } from "./gpu-device.ts";
import type { StartOptions } from "../engine.ts";
import { loadOrt, type OrtOptions } from "./load-ort.ts";

/** Names the way in which graphs are rewritten, the version of the runtime, and the GPU's adapter if there is one. */
export async function describeDevice(options: StartOptions & OrtOptions): Promise<string> {
  options.onPhase?.("script");
  const { env } = await loadOrt(options);
  options.onPhase?.("model");
  const adapter = options.device === "webgpu" ? await describeAdapter() : "cpu";
  const runtime = `onnxruntime-web ${env.versions.web ?? env.versions.common}`;
  return [DECODER_REWRITE, runtime, adapter].join(", ");
}
