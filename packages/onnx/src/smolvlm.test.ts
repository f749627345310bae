// Holds SmolVLM's graphs, and those of a Llama alone, to an independent implementation: what PyTorch computes from the
// same random weights (packages/onnx/test/golden-models).

import { beforeAll, describe, expect, test } from "vitest";
import { decode, embeddings, openSession, relativeError, tileFeatures } from "../test/sessions.ts";
import {
  goldenPixels,
  goldenSizes,
  GOLDEN_SEED,
  readGolden,
  sampled,
} from "../test/smolvlm-golden.ts";
import { decoder } from "./decoder.ts";
import { embedTokens } from "./embed-tokens.ts";
import { OnnxError } from "./errors.ts";
import { precisionOf, type Dtype } from "./precision.ts";
import { randomWeights } from "./random-weights.ts";
import { siglipEncoder } from "./siglip-encoder.ts";
import { missingTensor, type Weights } from "./weights.ts";

const golden = readGolden();
const { smolvlm, llama } = goldenSizes;
const weights = randomWeights(smolvlm, GOLDEN_SEED);
const { tileSize } = smolvlm.vision;
const openEncoder = (dtype: Dtype) =>
  openSession(siglipEncoder(weights, smolvlm, precisionOf(dtype)));

// fp32 is as close as float32 gets; the others lose what their rounding loses of uniform random numbers.
const precisions = [
  ["fp32", 1e-5, 1e-5],
  ["fp16", 5e-3, 5e-3],
  ["int8", 0.05, 0.06],
  ["q4", 0.2, 0.3],
  ["q4f16", 0.2, 0.3],
] as const;

describe.each(precisions)("in %s", (dtype, featureTolerance, logitTolerance) => {
  test("the encoder sees what PyTorch sees", async () => {
    const { tiles, features } = golden;
    const session = await openEncoder(dtype);
    const { dims, values } = await tileFeatures(session, goldenPixels(tiles), [1, tiles], tileSize);
    expect(dims).toEqual(features.shape);
    expect(relativeError(sampled(values, features), features.values)).toBeLessThan(
      featureTolerance,
    );
  });

  test.each(["smolvlm", "llama"] as const)(
    "the decoder of %s says what PyTorch says",
    async (name) => {
      const { ids, logits: expected } = golden;
      const size = goldenSizes[name];
      const own = randomWeights(size, GOLDEN_SEED);
      const embeds = await embeddings(
        await openSession(embedTokens(own, precisionOf("fp32"))),
        ids,
      );
      const session = await openSession(decoder(own, size.decoder, precisionOf(dtype)));
      const { logits } = await decode(session, size.decoder, embeds.values, [5, 1, 3]);
      expect([1, ids.length, size.decoder.vocabSize]).toEqual(expected[name].shape);
      expect(relativeError(sampled(logits, expected[name]), expected[name].values)).toBeLessThan(
        logitTolerance,
      );
    },
  );
});

describe("tiles", () => {
  let encoder: Awaited<ReturnType<typeof openEncoder>>;
  beforeAll(async () => {
    encoder = await openEncoder("fp32");
  });

  test("give the same alone, in rows and in batches", async () => {
    const pixels = goldenPixels(2);
    const one = await tileFeatures(encoder, pixels.slice(pixels.length / 2), [1, 1], tileSize);
    for (const leading of [
      [1, 2],
      [2, 1],
    ] as const) {
      const two = await tileFeatures(encoder, pixels, leading, tileSize);
      expect(two.dims).toEqual([2, ...one.dims.slice(1)]);
      expect(relativeError(two.values.slice(one.values.length), one.values)).toBeLessThan(1e-5);
    }
  });

  test("of zeros give features too", async () => {
    const pixels = goldenPixels(2);
    pixels.fill(0, 0, pixels.length / 2);
    const { dims, values } = await tileFeatures(encoder, pixels, [1, 2], tileSize);
    expect(dims[0]).toBe(2);
    expect(values.slice(0, values.length / 2).some((value) => value !== 0)).toBe(true);
  });
});

test("inputs and outputs are named as in the public files", async () => {
  const session = await openEncoder("fp16");
  const described = [...session.inputMetadata, ...session.outputMetadata].map(
    (value) => value.isTensor && [value.name, value.type, value.shape],
  );
  expect(described).toEqual([
    ["pixel_values", "float32", ["batch_size", "num_images", 3, tileSize, tileSize]],
    ["pixel_attention_mask", "bool", ["batch_size", "num_images", tileSize, tileSize]],
    ["image_features", "float32", ["num_tiles", 16, smolvlm.decoder.hiddenSize]],
  ]);
});

test.each([
  ["the connector", "modality_projection.proj.weight", "model.connector."],
  ["the encoder", "embeddings.patch_embedding.weight", "model.vision_model."],
  ["a product with the vocabulary of its own", "lm_head.weight", ""],
])("weights without %s are refused by name", (_, ending, prefix) => {
  const build = (source: Weights) =>
    ending === "lm_head.weight"
      ? decoder(source, smolvlm.decoder, precisionOf("fp32"))
      : siglipEncoder(source, smolvlm, precisionOf("fp32"));
  expect(missingIn(() => build(without(ending)))).toBe(prefix + ending);
});

test("a Qwen2 whose weights lack a bias is refused by name", () => {
  const qwen = { ...llama.decoder, hasAttentionBias: true };
  const build = () => decoder(randomWeights(llama, GOLDEN_SEED), qwen, precisionOf("fp32"));
  expect(missingIn(build)).toBe("model.layers.0.self_attn.q_proj.bias");
});

function without(ending: string): Weights {
  const names = weights.names.filter((name) => !name.endsWith(ending));
  return {
    ...weights,
    names,
    has: (name) => names.includes(name),
    shape(name) {
      if (!names.includes(name)) throw missingTensor(name, names);
      return weights.shape(name);
    },
  };
}

function missingIn(action: () => unknown): string | undefined {
  try {
    action();
  } catch (error) {
    if (OnnxError.is(error, "tensor-missing")) return error.details.tensor;
    throw error;
  }
  return undefined;
}
