/** Which changes are made in the exporters' files for SmolVLM's class, counted. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { sourceOfBytes } from "./byte-source.ts";
import { planDecoder } from "./decoder-rewrite.ts";
import { embeddingTable } from "./embedding-table.ts";
import { planEncoder } from "./encoder-rewrite.ts";
import { planInt8Vision } from "./int8-vision.ts";
import { outlineModel, type GraphOutline } from "./model-outline.ts";

const FOLDER = fileURLToPath(
  new URL("../../../../e2e/fixtures/exported-idefics3/onnx/", import.meta.url),
);
const LAYERS = 3;
const VISION_LAYERS = 2;

function outline(name: string): GraphOutline {
  return outlineModel(sourceOfBytes(new Uint8Array(readFileSync(`${FOLDER}${name}.onnx`))), name)!;
}

it.each(["q4", "q4f16"])("a GPU gets every change in the decoder in %s but biases", (dtype) => {
  const { rewrite } = planDecoder(outline(`decoder_model_merged_${dtype}`), {
    device: "webgpu",
    location: "weights",
  });
  expect(rewrite?.readsMask).toBe(false); // Its steps can be captured.
  expect(rewrite?.parts).toEqual({
    logits: "last",
    biases: 0, // Llama has none.
    rotary: LAYERS,
    joined: LAYERS,
    kv: "all", // They stay in their buffers.
    unfused: 0,
    positioned: LAYERS,
  });
});

it.each(["", "_int8", "_q4"])("the CPU gets every change in decoder_model_merged%s", (dtype) => {
  const { rewrite, rewrites } = planDecoder(outline(`decoder_model_merged${dtype}`), {
    device: "wasm",
  });
  expect(rewrite?.parts).toMatchObject({ logits: "last", kv: "new", unfused: LAYERS });
  expect(rewrites.flatMap(({ missed }) => missed)).toEqual([]);
});

it("embeddings in 8 bits are rows of one scale", () => {
  const table = embeddingTable(outline("embed_tokens_int8"));
  expect(table).toMatchObject({ rows: 384, width: 32, type: "uint8", zeroPoint: 128 });
  expect(table?.scale).toBeCloseTo(1 / 128, 7);
});

it.each(["vision_encoder", "vision_encoder_dynamo"])(
  "%s can be written with all its matrices in int8",
  (name) => {
    const plan = planInt8Vision(outline(name), { minLayerWeights: 1, minModelWeights: 1 });
    // Queries, keys, values, output and two of the feed-forward in each layer; the connector.
    expect(plan?.layers).toBe(6 * VISION_LAYERS + 1);
  },
);

it.each(["", "_dynamo", "_int8", "_q4", "_q4f16"])(
  "vision_encoder%s computes GELU in one node in each layer, and adds no mask",
  (dtype) => {
    const { rewrites } = planEncoder(outline(`vision_encoder${dtype}`));
    expect(rewrites).toContainEqual({ name: "fused-gelu", applied: VISION_LAYERS, missed: [] });
    expect(rewrites).toContainEqual({ name: "no-open-mask", applied: VISION_LAYERS, missed: [] });
  },
);

it.each(["_q4", "_q4f16"])("vision_encoder%s adds every bias in its product", (dtype) => {
  const { rewrites } = planEncoder(outline(`vision_encoder${dtype}`));
  expect(rewrites).toContainEqual({ name: "fused-biases", applied: 6 * VISION_LAYERS, missed: [] });
});
