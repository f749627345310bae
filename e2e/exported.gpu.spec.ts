/** Files of the official exporters on WebGPU: the numbers, in steps that are run and in steps that are captured. */

import { expect, test } from "./fixtures.ts";
import { expectNumbers, readNumbers } from "./exported-numbers.ts";

const LAYERS = 3;

/** The files that `fastvlm05b` takes where the GPU has no float16, and those where it has. */
const Q4 = { vision: "vision_encoder", embed: "embed_tokens_fp16", dtype: "q4" } as const;
const Q4F16 = {
  vision: "vision_encoder_fp16",
  embed: "embed_tokens_fp16",
  dtype: "q4f16",
} as const;

/** All that is done for files of our own writer. */
const REWRITTEN = { logits: "last", biases: 3 * LAYERS, rotary: LAYERS, joined: LAYERS };

test("has the exporters' numbers on WebGPU, in float32", async ({ kitPage }) => {
  test.setTimeout(300_000);
  const sides = [256, 512];
  const seen = await readNumbers(kitPage, "webgpu", Q4, { sides });
  expect(seen.prepared.decoder).toMatchObject({ ...REWRITTEN, steps: "run" });
  expectNumbers(seen, { dtype: "q4", sides, features: 1e-4, logits: 1e-3 });
});

test("has the exporters' numbers on WebGPU, in float16", async ({ kitPage }) => {
  test.setTimeout(300_000);
  const sides = [256];
  const seen = await readNumbers(kitPage, "webgpu", Q4F16, { sides });
  expect(seen.prepared.decoder).toMatchObject({ ...REWRITTEN, steps: "run" });
  expectNumbers(seen, { dtype: "q4f16", sides, features: 2e-2, logits: 3e-2 });
});

for (const files of [Q4, Q4F16]) {
  test(`has the exporters' numbers in captured steps of ${files.dtype}`, async ({ kitPage }) => {
    test.setTimeout(300_000);
    const seen = await readNumbers(kitPage, "webgpu", files, {
      sides: [],
      fault: "wide-subgroups",
    });
    expect(seen.prepared.decoder).toMatchObject({ ...REWRITTEN, steps: "captured" });
    const logits = files.dtype === "q4" ? 1e-3 : 3e-2;
    expectNumbers(seen, { dtype: files.dtype, sides: [], features: 0, logits });
  });
}
