import { beforeAll, describe, expect, test } from "vitest";
import { decode, openSession, relativeError } from "../test/sessions.ts";
import { decoder } from "./decoder.ts";
import { OnnxError } from "./errors.ts";
import { modelSizes } from "./model-sizes.ts";
import { precisionOf, type Dtype } from "./precision.ts";
import { randomWeights } from "./random-weights.ts";

const size = modelSizes.tiny;
const config = size.decoder;
const weights = randomWeights(size, 1);
const tokens = 9;
const embeds = weights.readRows("model.embed_tokens.weight", 20, tokens);

const open = (dtype: Dtype, storage: "fp32" | "fp16" = "fp32") =>
  openSession(decoder(weights, config, precisionOf(dtype, { storage })));

let reference: Float32Array;

beforeAll(async () => {
  reference = (await decode(await open("fp32"), config, embeds, [tokens])).logits;
});

test("inputs and outputs are named as in the public files", async () => {
  const session = await open("fp32");
  const cacheShape = (dimension: string) => [
    "batch_size",
    config.keyValueHeads,
    dimension,
    config.headDim,
  ];
  const shapes = Object.fromEntries(
    [...session.inputMetadata, ...session.outputMetadata].map((value) => [
      value.name,
      value.isTensor && value.shape,
    ]),
  );
  expect(shapes).toMatchObject({
    inputs_embeds: ["batch_size", "sequence_length", config.hiddenSize],
    attention_mask: ["batch_size", "total_sequence_length"],
    position_ids: ["batch_size", "sequence_length"],
    "past_key_values.1.value": cacheShape("past_sequence_length"),
    logits: ["batch_size", "sequence_length", config.vocabSize],
    "present.1.value": cacheShape("total_sequence_length"),
  });
});

describe.each([
  // dtype, storage, tolerance against fp32, tolerance of steps against one pass
  ["fp32", "fp32", 0, 1e-5],
  ["fp32", "fp16", 2e-3, 1e-5],
  ["fp16", "fp32", 5e-3, 5e-3],
  // A row's activations are rounded with the scale of all rows of the same call, so steps differ a little.
  ["int8", "fp32", 0.06, 0.06],
  // 4 bits of uniform random numbers, which trained weights are kinder than.
  ["q4", "fp32", 0.3, 1e-5],
  ["q4", "fp16", 0.3, 1e-5],
  ["q4f16", "fp32", 0.3, 5e-3],
] as const)("%s stored as %s", (dtype, storage, tolerance, stepTolerance) => {
  test("says what fp32 says, and the same step by step", async () => {
    const session = await open(dtype, storage);
    const { logits, cache } = await decode(session, config, embeds, [tokens]);
    expect(relativeError(logits, reference)).toBeLessThanOrEqual(tolerance);
    expect(cache["past_key_values.0.key"]!.dims).toEqual([
      1,
      config.keyValueHeads,
      tokens,
      config.headDim,
    ]);

    const stepped = await decode(session, config, embeds, [4, 2, 1, 1, 1]);
    expect(relativeError(stepped.logits, logits)).toBeLessThanOrEqual(stepTolerance);
  });
});

test("a later token changes nothing before it", async () => {
  const shorter = await decode(await open("fp32"), config, embeds, [tokens - 1]);
  expect(relativeError(shorter.logits, reference.slice(0, shorter.logits.length))).toBeLessThan(
    1e-5,
  );
});

test("logits of the last position only are the last of all", async () => {
  const session = await openSession(
    decoder(weights, config, precisionOf("fp32"), { logits: "last" }),
  );
  const { logits } = await decode(session, config, embeds, [tokens]);
  expect(relativeError(logits, reference.slice(-config.vocabSize))).toBeLessThan(1e-5);
});

test("an untied lm_head.weight is used when there is one", async () => {
  const table = "model.embed_tokens.weight";
  const source = (name: string) => (name === "lm_head.weight" ? table : name);
  const untied = {
    names: [...weights.names, "lm_head.weight"],
    has: (name: string) => weights.has(source(name)),
    shape: (name: string) => weights.shape(source(name)),
    read: (name: string) => weights.read(source(name)),
    readRows: (name: string, first: number, count: number) =>
      weights
        .readRows(source(name), first, count)
        .map((value) => (name === source(name) ? value : 2 * value)),
  };
  const session = await openSession(decoder(untied, config, precisionOf("fp32")));
  const { logits } = await decode(session, config, embeds, [tokens]);
  expect(
    relativeError(
      logits.map((value) => value / 2),
      reference,
    ),
  ).toBeLessThan(1e-5);
});

test("a config that does not fit the weights is refused with both shapes", () => {
  try {
    decoder(weights, { ...config, vocabSize: 500 }, precisionOf("fp32"));
    expect.unreachable();
  } catch (error) {
    expect(OnnxError.is(error, "tensor-shape") && error.details).toEqual({
      tensor: "model.embed_tokens.weight",
      expected: [500, 64],
      found: [512, 64],
    });
  }
});
