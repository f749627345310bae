import { beforeAll, describe, expect, test } from "vitest";
import { imageFeatures, openSession, relativeError, wavePixels } from "../test/sessions.ts";
import { OnnxError } from "./errors.ts";
import { modelSizes } from "./model-sizes.ts";
import { precisionOf } from "./precision.ts";
import { randomWeights } from "./random-weights.ts";
import { visionEncoder } from "./vision-encoder.ts";
import { visionShapeFrom } from "./vision-shape.ts";

const size = modelSizes.tiny;
const weights = randomWeights(size, 1);
const { hiddenSize } = size.decoder;
const inputSizes = [
  [128, 128],
  [192, 192],
  [256, 256],
  [128, 320],
] as const;

const referenceFeatures = new Map<string, Float32Array>();

beforeAll(async () => {
  const session = await openSession(visionEncoder(weights, precisionOf("fp32")));
  for (const [height, width] of inputSizes) {
    const { dims, values } = await imageFeatures(session, wavePixels(height, width), [
      height,
      width,
    ]);
    expect(dims).toEqual([1, (height / 64) * (width / 64), hiddenSize]);
    referenceFeatures.set(`${height}x${width}`, values);
  }
});

test("the tower's shape is read off its weights", () => {
  const shape = visionShapeFrom(randomWeights(modelSizes["0.5b"], 1));
  const stages = shape.parts.filter((part) => part.kind === "stage");
  expect(stages.map(({ channels }) => channels)).toEqual([96, 192, 384, 768, 1536]);
  expect(stages.map(({ blocks }) => blocks)).toEqual([2, 12, 24, 4, 2]);
  expect(stages.map(({ mixer }) => mixer === "attention")).toEqual([
    false,
    false,
    false,
    true,
    true,
  ]);
  expect(shape).toMatchObject({ stemLayers: 3, hiddenSize: 896 });
});

describe.each([
  // dtype, storage, tolerance of the relative error against fp32
  ["fp32", "fp16", 2e-3],
  ["fp16", "fp32", 5e-3],
  ["int8", "fp32", 0.05],
  ["int8", "fp16", 0.05],
] as const)("%s stored as %s", (dtype, storage, tolerance) => {
  test(`is within ${tolerance} of fp32 at every input size`, async () => {
    const session = await openSession(visionEncoder(weights, precisionOf(dtype, { storage })));
    for (const [height, width] of inputSizes) {
      const { values } = await imageFeatures(session, wavePixels(height, width), [height, width]);
      expect(relativeError(values, referenceFeatures.get(`${height}x${width}`)!)).toBeLessThan(
        tolerance,
      );
    }
  });
});

test("two images in one batch give what each gives alone", async () => {
  const session = await openSession(visionEncoder(weights, precisionOf("fp32")));
  const { Tensor } = await import("onnxruntime-web/wasm");
  const pixels = new Float32Array(2 * 3 * 128 * 128);
  pixels.set(wavePixels(128, 128).reverse());
  pixels.set(wavePixels(128, 128), 3 * 128 * 128);
  const input = new Tensor("float32", pixels, [2, 3, 128, 128]);
  const { image_features: output } = await session.run({ pixel_values: input });
  const second = (output!.data as Float32Array).subarray(4 * hiddenSize);
  expect(relativeError(second, referenceFeatures.get("128x128")!)).toBeLessThan(1e-5);
});

test("weights without a vision tower are refused by name", () => {
  const decoderOnly = {
    ...weights,
    names: weights.names.filter((name) => !name.includes("vision")),
  };
  try {
    visionEncoder(decoderOnly, precisionOf("fp32"));
    expect.unreachable();
  } catch (error) {
    expect(OnnxError.is(error, "tensor-missing") && error.details.tensor).toContain(
      "patch_embed.0",
    );
  }
});
