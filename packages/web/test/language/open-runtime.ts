/** Opens the decoder of the folder that `weights.py` wrote in the kit's own engine, in Node or in a worker of a page. */

import { sourceOfBytes } from "@fastvlm-kit/onnx/graph";
import type { Runtime } from "../../src/engines/runtime.ts";
import { FASTVLM_PORTS } from "../../src/families/fastvlm/fastvlm.ts";
import type { Device, GraphName } from "../../src/protocol/model-descriptor.ts";

export const DTYPES = ["fp32", "fp16", "int8", "q4", "q4f16"] as const;
export type Dtype = (typeof DTYPES)[number];

export interface DecoderFiles {
  readonly device: Device;
  readonly dtype: Dtype;
  /** The number of threads on WASM. */
  readonly threads: number;
  /** Returns a file of the folder, or the small encoder of {@link VISION}. */
  readonly read: (path: string) => Promise<Uint8Array<ArrayBuffer>>;
}

/** No image is shown, but the engine loads all three graphs: the encoder of the embedded model is never run. */
export const VISION = "vision";

export async function openRuntime({
  device,
  dtype,
  threads,
  read,
}: DecoderFiles): Promise<Runtime> {
  const { createOnnxRuntime } = await import("../../src/engines/ort/onnx-runtime.ts");
  const { WASM_BUILD } = await import("../../src/runtimes/wasm.ts");
  const suffix = dtype === "fp32" ? "" : `_${dtype}`;
  const paths: Record<GraphName, string> = {
    vision: VISION,
    // As in the kit's variants: rows are looked up, and 8 bits are the smallest table.
    embed: `onnx/embed_tokens${dtype.startsWith("q4") ? "_int8" : suffix}.onnx`,
    decoder: `onnx/decoder_model_merged${suffix}.onnx`,
  };
  return createOnnxRuntime({
    device,
    wasmThreads: threads,
    source: { builds: WASM_BUILD, files: undefined },
    imageSize: 256,
    ports: FASTVLM_PORTS,
    maxPositions: 8192,
    openFile: async (graph) => ({
      ...sourceOfBytes(await read(paths[graph])),
      close: () => undefined,
    }),
    onDeviceLost: () => undefined,
    onSessionCreated: () => undefined,
  });
}
