/**
 * Decode steps that are captured once and replayed, as on a GPU with wide subgroups. The software adapter's
 * are too narrow for ORT's attention over more than 32 new positions (decisions/2026-11-23-gpu-without-small-subgroups.md), so prompts are short here.
 */

import type { Page } from "@playwright/test";
import { EXHAUSTIVE_TAG } from "../tools/exhaustive.ts";
import { expect, NO_SUBGROUPS, notIn, test } from "./fixtures.ts";

// Each of them loads the model several times on the software adapter. `npm test` has the numbers of captured steps in
// exported.gpu.spec.ts.
const SAME_ANSWERS = "captured steps give the answers of steps that are run";
test(SAME_ANSWERS, notIn("firefox", NO_SUBGROUPS, EXHAUSTIVE_TAG), async ({ kitPage }) => {
  test.setTimeout(300_000);
  const captured = await answer(kitPage, "wide-subgroups", "webgpu");
  const onCpu = await answer(kitPage, "none", "wasm");
  expect(captured.devices).toEqual(onCpu.devices.map(() => "webgpu"));
  // The first load on a device times captured steps against steps that are run.
  expect(captured.forms).toEqual(["captured", "rewritten", "captured"]);
  expect(captured.texts).toEqual(onCpu.texts);
  expect(new Set(captured.texts).size).toBeGreaterThan(2);
});

const WRONG_REPLAYS = "a GPU whose replays are wrong runs its steps, and stays the device";
test(WRONG_REPLAYS, notIn("firefox", NO_SUBGROUPS, EXHAUSTIVE_TAG), async ({ kitPage }) => {
  test.setTimeout(300_000);
  const wrong = await answer(kitPage, "dead-replays", "webgpu");
  const onCpu = await answer(kitPage, "none", "wasm");
  expect(wrong.devices).toEqual(onCpu.devices.map(() => "webgpu"));
  expect(wrong.forms).toEqual(["captured", "rewritten"]);
  expect(wrong.texts).toEqual(onCpu.texts);
});

interface Answers {
  readonly texts: readonly string[];
  readonly devices: readonly string[];
  /** What became of the decoder, each time that it was loaded. */
  readonly forms: readonly string[];
}

/** Text alone, and three questions about an open picture of one image token, which share its KV cache. */
function answer(page: Page, fault: string, device: "webgpu" | "wasm"): Promise<Answers> {
  return page.evaluate(
    async ({ fault, device }) => {
      const { ask, collect, createFaultyWorker, fetchBlob, observe, tinyModel } = window.kit;
      // q4 rounds more, and does not get through the device check with attention that is off.
      const model = tinyModel({ precision: "fp16" });
      const worker = () => createFaultyWorker(fault);
      const { vlm, metrics } = await observe({ worker, model, device });
      const short = { maxNewTokens: 12, cache: false } as const;
      const results = [await ask(vlm, { prompt: "What can you do?", ...short })];
      const photo = await vlm.open(await fetchBlob("/scenes/scene-02.png"), { detail: 64 });
      for (const prompt of ["Describe it.", "How many objects?", "What is the background?"])
        results.push(await collect(photo.ask(prompt, short)));
      results.push(await ask(vlm, { prompt: "What can you do?", ...short }));
      await vlm.dispose();
      const prepared = metrics.filter(
        ({ name, attributes }) =>
          name === "vlm.graph.prepared" && attributes["vlm.graph"] === "decoder",
      );
      return {
        texts: results.map(({ text }) => text),
        devices: results.map((result) => result.device),
        forms: prepared.map(({ attributes }) => String(attributes["vlm.path"])),
      };
    },
    { fault, device },
  );
}
