/**
 * Files of the official exporters for SmolVLM's class on WebGPU: the numbers of the variant of a GPU without `shader-f16`,
 * which has 4 bits and float32, and the tokens of the files in float32.
 */

import { isHardwareTested } from "../tools/browser.ts";
import { EXHAUSTIVE_TAG } from "../tools/exhaustive.ts";
import { expect, notIn, test } from "./fixtures.ts";
import { readIdefics3Reference } from "../packages/web/test/exported-idefics3.ts";
import { LAYERS } from "../packages/web/test/exported-idefics3-inputs.ts";
import { idefics3EndIds, readKitPrompt } from "../packages/web/test/exported-idefics3-prompt.ts";
import { KIT_QUESTIONS, MOST_TOKENS } from "../packages/web/test/exported-idefics3-questions.ts";

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

test(
  "a GPU without shader-f16 is offered SmolVLM in 4 bits with float32",
  notIn("firefox", "The software adapter that Firefox uses has shader-f16; Chromium's has not."),
  async ({ kitPage }) => {
    const { support, bytes, expected } = await kitPage.evaluate(async () => {
      const { checkSupport, smolVlm } = window.kit;
      const model = smolVlm();
      const adapter = (await navigator.gpu.requestAdapter())!;
      const expected = adapter.features.has("shader-f16") ? "q4f16" : "q4";
      const { graphs } = model.variants.find(({ id }) => id === expected)!;
      const bytesOf = (ending: string): number =>
        Object.entries(model.files)
          .filter(([path]) => path.endsWith(ending))
          .reduce((sum, [, file]) => sum + file.bytes, 0);
      const graphBytes = Object.values(graphs).reduce(
        (sum, path) => sum + model.files[path]!.bytes,
        0,
      );
      return {
        support: await checkSupport({ model }),
        bytes: graphBytes + bytesOf(".json"),
        expected,
      };
    });
    expect(support).toMatchObject({ isSupported: true, isExact: true, downloadBytes: bytes });
    expect(support.devices[0]).toBe("webgpu");
    if (!isHardwareTested) expect(expected).toBe("q4");
  },
);

const GENERATE = "answers on WebGPU with the ids of PyTorch's generate, about the kit's own pixels";
test(GENERATE, { tag: EXHAUSTIVE_TAG }, async ({ kitPage }) => {
  test.setTimeout(300_000);
  const asked = ["two by two tiles", "two images of different grids", "no image"];
  const questions = KIT_QUESTIONS.filter(({ name }) => asked.includes(name));
  const seen = await kitPage.evaluate((request) => window.kit.readNumbers(request), {
    device: "webgpu" as const,
    model: "idefics3" as const,
    graphs: {
      vision: `${AT}/vision_encoder.onnx`,
      embed: `${AT}/embed_tokens_int8.onnx`,
      decoder: `${AT}/decoder_model_merged.onnx`,
    },
    pictures: [],
    steps: [],
    fork: [],
    logitStride: 1,
    questions: questions.map((question) => ({
      ...question,
      pieces: readKitPrompt(question).pieces,
      most: MOST_TOKENS,
      endIds: [...idefics3EndIds],
    })),
  });
  const { answers } = readIdefics3Reference();
  const expected = answers.filter(({ name }) => asked.includes(name)).map(({ answer }) => answer);
  expect(seen.answers).toEqual(expected);
  expect(seen.answers).toHaveLength(asked.length);
});

function expectNear(some: readonly number[], others: readonly number[], what: string): void {
  expect(some.length).toBe(others.length);
  const differences = some.map((value, index) => Math.abs(value - others[index]!));
  expect(Math.max(...differences), what).toBeLessThan(TOLERANCE);
}
