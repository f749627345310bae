/** An open picture on the GPU, where the KV cache that questions share never leaves it. */

import type { Page } from "@playwright/test";
import type { VlmResult } from "@fastvlm-kit/web";
import { EXHAUSTIVE_TAG } from "../tools/exhaustive.ts";
import { expect, test } from "./fixtures.ts";

interface Answers {
  /** Of an open picture. */
  readonly reused: readonly VlmResult[];
  /** Of calls that share nothing. */
  readonly plain: readonly VlmResult[];
}

/** Asks the page's shared client on the fp16 files, or one of its own on the q4 files. */
function askTwice(page: Page, precision: "fp16" | "q4"): Promise<Answers> {
  return page.evaluate(async (precision) => {
    const { ask, collect, fetchBlob, observe, observeLoaded, tinyModel } = window.kit;
    const { vlm } =
      precision === "fp16"
        ? await observeLoaded()
        : await observe({ model: tinyModel({ precision }), device: "webgpu" });
    const image = await fetchBlob("/scenes/scene-02.png");
    // Answers begin to differ in their first words.
    const asked = ["Describe this image.", "How many objects are there?"].map((prompt) => ({
      prompt,
      maxNewTokens: 8,
      cache: false,
    }));
    const photo = await vlm.open(image);
    const [reused, plain]: [VlmResult[], VlmResult[]] = [[], []];
    for (const { prompt, ...short } of asked) reused.push(await collect(photo.ask(prompt, short)));
    for (const one of asked) plain.push(await ask(vlm, { image, ...one }));
    return { reused, plain };
  }, precision);
}

function expectShared({ reused, plain }: Answers): void {
  expect(reused.map(({ text }) => text)).toEqual(plain.map(({ text }) => text));
  expect(new Set(reused.map(({ text }) => text)).size).toBe(2);
  expect(reused.map(({ device }) => device)).toEqual(["webgpu", "webgpu"]);
  for (const { tokens } of reused) expect(tokens.reused).toBeGreaterThan(tokens.image);
  for (const { tokens } of plain) expect(tokens.reused).toBe(0);
}

test("questions about an open picture share its KV cache on the GPU, and answer the same", async ({
  loadedPage,
}) => {
  test.setTimeout(300_000);
  expectShared(await askTwice(loadedPage, "fp16"));
});

test(
  "questions about an open picture share its KV cache on the q4 files, too",
  { tag: EXHAUSTIVE_TAG },
  async ({ kitPage }) => {
    test.setTimeout(300_000);
    expectShared(await askTwice(kitPage, "q4"));
  },
);
