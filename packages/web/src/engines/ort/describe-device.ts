/** What the numbers of a device depend on besides a model's files, in one line. */

import { DECODER_REWRITE } from "@fastvlm-kit/onnx/graph";
import { describeAdapter } from "./gpu-device.ts";
import { loadOrt, type OrtOptions } from "./load-ort.ts";

/** How graphs are rewritten, the runtime's version, and the GPU's adapter where there is one. */
export async function describeDevice(options: OrtOptions): Promise<string> {
  const { env } = await loadOrt(options);
  const adapter = options.device === "webgpu" ? await describeAdapter() : "cpu";
  const runtime = `onnxruntime-web ${env.versions.web ?? env.versions.common}`;
  return [DECODER_REWRITE, runtime, adapter].join(", ");
}
