/** Choices, and answers in a form, on WebGPU: the same as on WASM, from the same files. */

import type { Page } from "@playwright/test";
import { EXHAUSTIVE_TAG } from "../tools/exhaustive.ts";
import { expect, test } from "./fixtures.ts";

const IMAGE = "/scenes/scene-02.png";
const count = { type: "integer", minimum: 0, maximum: 3 };
const things = { type: "array", items: { type: "string", maxLength: 16 }, maxItems: 2 };
const SCHEMA = {
  type: "object",
  properties: { things, count },
  required: ["things", "count"],
};
/** How far probabilities may differ, because the devices add numbers up in other orders. */
const TOLERANCE = 0.02;

// The software adapter takes about a second for a token.
const SAME = "chooses, checks, scores and keeps to a JSON schema on WebGPU as on WASM";
test(SAME, { tag: EXHAUSTIVE_TAG }, async ({ kitPage, loadedPage }) => {
  test.setTimeout(300_000);
  // The shared client has the fp16 files, as every client on WebGPU.
  const onGpu = await answerOn(loadedPage, "webgpu");
  const onCpu = await answerOn(kitPage, "wasm");
  expect(onGpu.devices).toEqual(new Set(["webgpu"]));
  expect(onCpu.devices).toEqual(new Set(["wasm"]));

  expect(onGpu.choice).toBe(onCpu.choice);
  expect(onGpu.isTrue).toEqual(onCpu.isTrue);
  expect(onGpu.json).toBe(onCpu.json);
  expect(Object.keys(JSON.parse(onGpu.json) as object)).toEqual(SCHEMA.required);
  expect(onGpu.probabilities).toHaveLength(onCpu.probabilities.length);
  for (const [at, probability] of onGpu.probabilities.entries()) {
    expect(Math.abs(probability - onCpu.probabilities[at]!), `number ${at}`).toBeLessThan(
      TOLERANCE,
    );
  }
});

async function answerOn(page: Page, device: "webgpu" | "wasm") {
  const { devices, ...answers } = await page.evaluate(
    async ({ image, device, schema }) => {
      const { ask, observe, observeLoaded, tinyModel } = window.kit;
      const model = tinyModel({ precision: "fp16" });
      const { vlm } =
        device === "webgpu" ? await observeLoaded() : await observe({ model, device });
      const small = { detail: 64, cache: false, timeoutMs: 120_000 } as const; // one image token
      const color = await vlm.choose(
        image,
        "What color is the background?",
        ["red", "orange", "green", "blue"],
        { ...small, answerStart: "The background is" },
      );
      const checks = [
        await vlm.check(image, "Is there a circle?", small),
        await vlm.check(image, "Is there a car?", small),
      ];
      const score = await vlm.score(image, "How many objects are there?", {
        ...small,
        min: 0,
        max: 4,
      });
      const prompt = "What is in the image?";
      const json = await ask(vlm, { ...small, image, prompt, format: { schema } });
      const results = [color.result, ...checks.map(({ result }) => result), score.result, json];
      return {
        devices: results.map(({ device }) => device),
        choice: color.choice,
        isTrue: checks.map(({ isTrue }) => isTrue),
        probabilities: [
          ...color.options.map(({ probability }) => probability),
          ...checks.map(({ probability }) => probability),
          ...score.probabilities,
        ],
        json: json.text,
      };
    },
    { image: IMAGE, device, schema: SCHEMA },
  );
  return { ...answers, devices: new Set(devices) };
}
