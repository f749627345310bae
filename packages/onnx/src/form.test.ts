// The exporter's form computes what our own does; it only spells it otherwise.

import { describe, expect, test } from "vitest";
import {
  decode,
  embeddings,
  fileBytes,
  imageFeatures,
  openSession,
  relativeError,
  wavePixels,
} from "../test/sessions.ts";
import { decoder, type DecoderOptions } from "./decoder.ts";
import { embedTokens } from "./embed-tokens.ts";
import { modelSizes } from "./model-sizes.ts";
import { precisionOf } from "./precision.ts";
import { randomWeights } from "./random-weights.ts";
import { visionEncoder, type VisionOptions } from "./vision-encoder.ts";

const size = modelSizes.tiny;
const { decoder: config } = size;
const weights = randomWeights(size, 1, { squeezeExcite: 8 });
const fp32 = precisionOf("fp32");
const exporter = { form: "exporter" } as const;

describe("the decoder", () => {
  const tokens = 9;
  const embeds = weights.readRows("model.embed_tokens.weight", 20, tokens);
  const logits = async (
    dtype: "fp32" | "q4" | "q4f16",
    options: DecoderOptions,
    steps = [tokens],
  ) => {
    const session = await openSession(decoder(weights, config, precisionOf(dtype), options));
    return (await decode(session, config, embeds, steps)).logits;
  };

  test.each([
    ["fp32", 1e-6],
    ["q4", 1e-6],
    ["q4f16", 2e-3],
  ] as const)("says the same in %s, also in steps", async (dtype, tolerance) => {
    const own = await logits(dtype, {});
    expect(relativeError(await logits(dtype, exporter), own)).toBeLessThan(tolerance);
    const steps = [4, 2, 1, 1, 1];
    expect(relativeError(await logits(dtype, exporter, steps), own)).toBeLessThan(
      dtype === "q4f16" ? 5e-3 : 1e-5,
    );
  });

  test("passes the positions through the model builder's chain", async () => {
    const text = asText(await fileBytes(decoder(weights, config, fp32, exporter)));
    for (const node of ["Shape", "Gather", "Unsqueeze", "Concat", "Reshape"]) {
      expect(text).toContain(`/model/pos_ids_reformat/${node}`);
    }
    expect(asText(await fileBytes(decoder(weights, config, fp32)))).not.toContain("reformat");
  });

  test("sees everything through a window of -1 or of all positions, and less through a small one", async () => {
    const all = await logits("fp32", exporter);
    for (const localWindowSize of [-1, config.maxPositions]) {
      expect(await logits("fp32", { ...exporter, localWindowSize })).toEqual(all);
    }
    const narrow = await logits("fp32", { ...exporter, localWindowSize: 2 });
    expect(relativeError(narrow, all)).toBeGreaterThan(0.01);
  });
});

describe("the encoder", () => {
  const features = async (options: VisionOptions, side: number) => {
    const session = await openSession(visionEncoder(weights, fp32, options));
    return (await imageFeatures(session, wavePixels(side, side), [side, side])).values;
  };

  test("has the same features at the size that it was exported at, and at no smaller one", async () => {
    const options = { ...exporter, exportedImageSize: 256 };
    expect(relativeError(await features(options, 256), await features({}, 256))).toBeLessThan(1e-5);
    // onnxruntime's CPU kernel of this version divides by the whole window. It also shows that the gate matters.
    expect(relativeError(await features(options, 128), await features({}, 128))).toBeGreaterThan(
      0.1,
    );
  });
});

test("the embedding says the same", async () => {
  const ids = [3, 1, 500];
  const rows = async (form: "own" | "exporter") =>
    embeddings(await openSession(embedTokens(weights, precisionOf("int8"), { form })), ids);
  expect(await rows("exporter")).toEqual(await rows("own"));
});

test("each tensor ends with the data location that onnx.save writes", async () => {
  const bytes = await fileBytes(embedTokens(weights, fp32, exporter));
  const plain = await fileBytes(embedTokens(weights, fp32));
  expect([...bytes.slice(-2)]).toEqual([0x70, 0]);
  expect([...plain.slice(-2)]).not.toEqual([0x70, 0]);
});

function asText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}
