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
  /** What the GPU did for each of all calls, by metric. */
  readonly gpuWork: Readonly<Record<string, readonly number[]>>;
}

/** Asks the page's shared client on the fp16 files, or one of its own on the q4 files. */
function askTwice(page: Page, precision: "fp16" | "q4"): Promise<Answers> {
  return page.evaluate(async (precision) => {
    const { ask, collect, fetchBlob, observe, observeLoaded, tinyModel } = window.kit;
    const { vlm, metrics } =
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
    // The worker's metrics have a way of their own to the page.
    const areThere = () => metrics.filter(({ name }) => name === "vlm.gpu.read.bytes").length >= 5;
    while (!areThere()) await new Promise((resolve) => setTimeout(resolve, 20));
    const gpuWork: Record<string, number[]> = {};
    for (const { name, value } of metrics) {
      if (name.startsWith("vlm.gpu.")) (gpuWork[name] ??= []).push(value);
    }
    return { reused, plain, gpuWork };
  }, precision);
}

function expectShared({ reused, plain }: Answers): void {
  expect(reused.map(({ text }) => text)).toEqual(plain.map(({ text }) => text));
  expect(new Set(reused.map(({ text }) => text)).size).toBe(2);
  expect(reused.map(({ device }) => device)).toEqual(["webgpu", "webgpu"]);
  for (const { tokens } of reused) expect(tokens.reused).toBeGreaterThan(tokens.image);
  for (const { tokens } of plain) expect(tokens.reused).toBe(0);
}

/** Opening, two questions about what is open, and two with the image: the last ones encode or prefill it again. */
function expectCounted({ gpuWork, plain }: Answers): void {
  const { "vlm.gpu.dispatches": dispatches, "vlm.gpu.submits": submits } = gpuWork;
  const { "vlm.gpu.read.bytes": readBytes } = gpuWork;
  expect([dispatches, submits, readBytes].map((one) => one?.length)).toEqual([5, 5, 5]);
  expect(dispatches![3]).toBeGreaterThan(dispatches![1]!);
  for (let call = 1; call < 5; call++) {
    expect(dispatches![call]).toBeGreaterThan(submits![call]!);
    // At least an id, a sum and a weighted sum are read back for each token.
    const { output } = plain[(call - 1) % 2]!.tokens;
    expect(readBytes![call]).toBeGreaterThanOrEqual(12 * output);
  }
}

test("questions about an open picture share its KV cache on the GPU, and answer the same", async ({
  loadedPage,
}) => {
  test.setTimeout(300_000);
  const answers = await askTwice(loadedPage, "fp16");
  expectShared(answers);
  expectCounted(answers);
});

test(
  "questions about an open picture share its KV cache on the q4 files, too",
  { tag: EXHAUSTIVE_TAG },
  async ({ kitPage }) => {
    test.setTimeout(300_000);
    expectShared(await askTwice(kitPage, "q4"));
  },
);
