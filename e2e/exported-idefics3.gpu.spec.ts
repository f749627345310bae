/**
 * Files of the official exporters for SmolVLM's class on WebGPU, in the variant of a GPU without `shader-f16`: 4 bits with
 * numbers in float32.
 */

import { expect, test } from "./fixtures.ts";
import { readIdefics3Reference } from "../packages/web/test/exported-idefics3.ts";
import { LAYERS } from "../packages/web/test/exported-idefics3-inputs.ts";

const AT = "/models/exported-idefics3/onnx";
const TOLERANCE = 1e-4;

test("has the numbers of an exported Idefics3 in q4 on WebGPU, rewritten", async ({ kitPage }) => {
  test.setTimeout(300_000);
  const { torch, features, logits } = readIdefics3Reference();
  const expected = logits.q4;
  const seen = await kitPage.evaluate((request) => window.kit.readNumbers(request), {
    device: "webgpu" as const,
    model: "idefics3" as const,
    graphs: {
      vision: `${AT}/vision_encoder_q4.onnx`,
      embed: `${AT}/embed_tokens_int8.onnx`,
      decoder: `${AT}/decoder_model_merged_q4.onnx`,
    },
    pictures: [0, 1, 2].map((picture) => ({ picture, stride: torch.features.stride })),
    steps: expected.steps.map(({ ids }) => ids),
    fork: expected.fork.map(({ ids }) => ids),
    logitStride: logits.stride,
  });
  expect(seen.prepared.embed).toMatchObject({ embedding: "looked-up" });
  expect(seen.prepared.decoder).toMatchObject({
    logits: "last",
    biases: 0,
    rotary: LAYERS,
    joined: LAYERS,
    positioned: LAYERS,
    steps: "run",
  });
  for (const [index, { values }] of seen.features.entries())
    expectNear(values, features.q4[index]!, `tile ${String(index)}`);
  for (const part of ["steps", "fork"] as const)
    for (const [index, { values, likeliest }] of seen[part].entries()) {
      const call = expected[part][index]!;
      expectNear(values, call.values, `${part} ${String(index)}`);
      expect(likeliest).toBe(call.likeliest);
    }
  expect(seen.features.length + seen.steps.length + seen.fork.length).toBe(10);
});

function expectNear(some: readonly number[], others: readonly number[], what: string): void {
  expect(some.length).toBe(others.length);
  const differences = some.map((value, index) => Math.abs(value - others[index]!));
  expect(Math.max(...differences), what).toBeLessThan(TOLERANCE);
}
