/** Opens the decoder of the folder that `weights.py` wrote, in the kit's own engine on the CPU. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { sourceOfBytes } from "@fastvlm-kit/onnx/graph";
import type { Runtime, TextCodec } from "../../src/engines/runtime.ts";
import type { GraphName } from "../../src/protocol/model-descriptor.ts";
import { FASTVLM_PORTS, FASTVLM_PROMPT } from "../../src/families/fastvlm/fastvlm.ts";

export const DTYPES = ["fp32", "fp16", "int8", "q4", "q4f16"] as const;
export type Dtype = (typeof DTYPES)[number];

/** No image is shown, but the engine loads all three graphs: this small encoder is never run. */
const VISION = join(import.meta.dirname, "../../packages/tiny/model/onnx/vision_encoder.onnx");

export interface OpenedModel {
  readonly runtime: Runtime;
  readonly codec: TextCodec;
}

/** @param folder with `tokenizer.json`, `tokenizer_config.json` and `onnx/` in it */
export async function openModel(folder: string, dtype: Dtype): Promise<OpenedModel> {
  // The engine is written for a worker.
  Object.assign(globalThis, { self: globalThis, crossOriginIsolated: false });
  const { createOnnxRuntime } = await import("../../src/engines/ort/onnx-runtime.ts");
  const { createTextCodec } = await import("../../src/inference/tokenizer.ts");
  const suffix = dtype === "fp32" ? "" : `_${dtype}`;
  const paths: Record<GraphName, string> = {
    vision: VISION,
    // As in the kit's variants: rows are looked up, and 8 bits are the smallest table.
    embed: join(folder, `onnx/embed_tokens${dtype.startsWith("q4") ? "_int8" : suffix}.onnx`),
    decoder: join(folder, `onnx/decoder_model_merged${suffix}.onnx`),
  };
  const runtime = await createOnnxRuntime({
    device: "wasm",
    wasmThreads: 1,
    files: undefined,
    imageSize: 256,
    ports: FASTVLM_PORTS,
    maxPositions: 8192,
    openFile: async (graph) => {
      const bytes = new Uint8Array(await readFile(paths[graph]));
      return { ...sourceOfBytes(bytes), close: () => undefined };
    },
    onDeviceLost: () => undefined,
    onSessionCreated: () => undefined,
  });
  const readJson = async (name: string): Promise<unknown> =>
    JSON.parse(await readFile(join(folder, name), "utf8"));
  const codec = createTextCodec(
    await readJson("tokenizer.json"),
    await readJson("tokenizer_config.json"),
    FASTVLM_PROMPT,
  );
  return { runtime, codec };
}
