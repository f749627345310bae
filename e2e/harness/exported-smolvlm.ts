/** The small SmolVLM of the official exporters, as an app describes a model that it hosts itself. */

import { smolVlm, type ModelDescriptor } from "@fastvlm-kit/web";

const SIDE_OF_A_TILE = 64;

/**
 * @param suffix of the files' names: "" for float32. Without it, a device takes the files that it would take of the public
 *   model
 */
export function exportedSmolVlm(suffix?: "" | "_int8" | "_q4"): ModelDescriptor {
  const baseUrl = "/models/exported-idefics3";
  // A revision of its own: these are not the files whose hashes ship.
  const described = smolVlm({ baseUrl, revision: "exported" });
  const model = { ...described, tileSize: SIDE_OF_A_TILE, imageSize: 4 * SIDE_OF_A_TILE };
  if (suffix === undefined) return model;
  const graphs = {
    vision: `onnx/vision_encoder${suffix}.onnx`,
    embed: "onnx/embed_tokens_int8.onnx",
    decoder: `onnx/decoder_model_merged${suffix}.onnx`,
  };
  const files = { ...model.files };
  for (const path of Object.values(graphs)) {
    files[path] ??= { url: `${baseUrl}/${path}`, bytes: 250_000, isApproximate: true };
  }
  return {
    ...model,
    files,
    variants: (["webgpu", "wasm"] as const).map((device) => ({
      id: `own${suffix}`,
      device,
      graphs,
    })),
  };
}
