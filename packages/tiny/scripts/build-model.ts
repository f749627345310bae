// Writes packages/tiny/model/onnx from the trained checkpoint. The same checkpoint gives the same bytes.
//
// Everything that stays floating-point is stored as float16 and calculated in float32: half the download, and it runs
// on every device. int8 is for WASM, where it is the fastest; the q4 decoder is for WebGPU.

import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { exportModel, readDecoderConfig, readSafetensors } from "../../onnx/src/index.ts";

const packagePath = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

const { values } = parseArgs({
  options: { weights: { type: "string", default: packagePath("checkpoint/model.safetensors") } },
});

exportModel(readSafetensors(values.weights), readDecoderConfig(packagePath("model/config.json")), {
  directory: packagePath("model"),
  dtypes: ["fp32", "int8", "q4"],
  storage: "fp16",
  onFile({ path, sizeBytes }) {
    console.log(`${path}  ${(sizeBytes / 1e6).toFixed(2)} MB`);
  },
});
