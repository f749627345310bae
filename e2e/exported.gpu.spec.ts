/**
 * Files of the official exporters on WebGPU: the numbers, in steps that are run and in steps that are captured. The
 * software adapter has no float16, and with subgroups of 4 lanes, which capturing takes, its products of 4 bits are wrong
 * (decisions/2026-11-26-encoder-attention-unfused.md), so that steps are captured of the float32 decoder.
 */

import { EXHAUSTIVE_TAG } from "../tools/exhaustive.ts";
import { expect, NO_SUBGROUPS, notIn, test } from "./fixtures.ts";
import { isHardwareTested } from "../tools/browser.ts";
import { expectNumbers, readNumbers } from "./exported-numbers.ts";

const LAYERS = 3;

const FILES = { vision: "vision_encoder", embed: "embed_tokens_fp16" };
const FEATURES_TOLERANCE = 1e-4;
const LOGITS_TOLERANCE = 1e-4;

test("has the exporters' numbers on WebGPU, rewritten as our own files are", async ({
  kitPage,
}) => {
  test.setTimeout(300_000);
  const sides = [256];
  const dtype = "q4";
  const seen = await readNumbers(kitPage, "webgpu", { ...FILES, dtype }, { sides });
  const parts = { logits: "last", biases: 3 * LAYERS, rotary: LAYERS, joined: LAYERS };
  expect(seen.prepared.decoder).toMatchObject({
    ...parts,
    steps: isHardwareTested ? "captured" : "run",
  });
  expectNumbers(seen, { dtype, sides, features: FEATURES_TOLERANCE, logits: LOGITS_TOLERANCE });
});

test(
  "has the exporters' numbers in captured steps",
  notIn("firefox", NO_SUBGROUPS, EXHAUSTIVE_TAG),
  async ({ kitPage }) => {
    test.setTimeout(300_000);
    const dtype = "fp32";
    const how = { sides: [], fault: "wide-subgroups" };
    const seen = await readNumbers(kitPage, "webgpu", { ...FILES, dtype }, how);
    expect(seen.prepared.decoder).toMatchObject({ rotary: LAYERS, steps: "captured" });
    expectNumbers(seen, { dtype, sides: [], features: 0, logits: LOGITS_TOLERANCE });
    // Of the two steps that are replayed. ORT fetched the positions from the GPU, which cost a real one three of four tokens.
    expect([seen.steps[2]!.waits, seen.steps[4]!.waits]).toEqual([1, 1]);
  },
);

test(
  "has the exporters' features at other sizes on WebGPU",
  { tag: "@exhaustive" },
  async ({ kitPage }) => {
    test.setTimeout(900_000);
    const sides = [64, 512, 1024, 2048];
    const dtype = "q4";
    const seen = await readNumbers(kitPage, "webgpu", { ...FILES, dtype }, { sides });
    expectNumbers(seen, { dtype, sides, features: FEATURES_TOLERANCE, logits: LOGITS_TOLERANCE });
  },
);
