/** The process of a page ends while the model loads, or while its first image is encoded: the next visit begins elsewhere. */

import type { BrowserContext, Page } from "@playwright/test";
import type { ModelDescriptor, VlmResult } from "@fastvlm-kit/web";
import { crash, expect, openKit, onlyInChromium, test } from "./fixtures.ts";
import { SCENE } from "./stored-model.ts";

const CRASHES = "It ends the process of a page, which only Chromium's protocol does to order.";

/** The embedded model with files in two precisions for WASM. */
function twoVariants(page: Page): Promise<ModelDescriptor> {
  return page.evaluate(() => {
    const [int8, fp16] = (["int8", "fp16"] as const).map((precision) =>
      window.kit.tinyModel({ precision }),
    );
    const variants = [...int8!.variants, ...fp16!.variants];
    return {
      ...int8!,
      files: { ...fp16!.files, ...int8!.files },
      variants: variants.filter(({ device }) => device === "wasm"),
    };
  });
}

/** Begins to load, or to caption a scene, in a worker that gets no further. Nobody waits for the answer. */
function begin(page: Page, model: ModelDescriptor, fault: "stuck-wasm" | "stuck-encoder"): void {
  void page
    .evaluate(
      async ({ model, scene, fault }) => {
        const { createFaultyWorker, observe } = window.kit;
        const worker = () => createFaultyWorker(fault);
        const { vlm } = await observe({ model, device: "wasm", worker });
        await vlm.caption(scene);
      },
      { model, scene: SCENE, fault },
    )
    .catch(() => undefined); // The page ends under it.
}

/** Waits until the page has marked a step as running. */
async function untilMarked(page: Page, step: string): Promise<void> {
  const isMarked = (step: string): boolean =>
    Object.entries(localStorage).some(
      ([key, value]) =>
        key.startsWith("fastvlm-kit.step:") &&
        (JSON.parse(String(value)) as { step: string }).step === step,
    );
  await page.waitForFunction(isMarked, step, { polling: 5 });
}

/** Asks in another page. */
async function visitAgain(
  context: BrowserContext,
  server: Parameters<typeof openKit>[1],
  model: ModelDescriptor,
): Promise<VlmResult> {
  const page = await context.newPage();
  await openKit(page, server);
  return page.evaluate(
    async ({ model, scene }) => {
      const { vlm } = await window.kit.observe({ model, device: "wasm" });
      return vlm.caption(scene);
    },
    { model, scene: SCENE },
  );
}

const CRASHED = { device: "wasm", reason: "page-crashed", to: "wasm" };

test(
  "a page whose process ends in mid-load begins with the next files at its next visit",
  onlyInChromium(CRASHES),
  async ({ context, kitPage, server }) => {
    const model = await twoVariants(kitPage);
    begin(kitPage, model, "stuck-wasm");
    await untilMarked(kitPage, "load");
    await crash(kitPage);
    const { model: info, fallback, text } = await visitAgain(context, server, model);
    expect(info.variant).toBe("fp16");
    expect(fallback).toMatchObject(CRASHED);
    expect(text).not.toBe("");
  },
);

test(
  "so does one whose process ends while its first image is encoded",
  onlyInChromium(CRASHES),
  async ({ context, kitPage, server }) => {
    const model = await twoVariants(kitPage);
    begin(kitPage, model, "stuck-encoder");
    await untilMarked(kitPage, "image default");
    await crash(kitPage);
    const { fallback } = await visitAgain(context, server, model);
    expect(fallback).toMatchObject(CRASHED);
  },
);

test("a page that is left or closed in mid-load is no page that ended", async ({
  context,
  kitPage,
  server,
}) => {
  const model = await twoVariants(kitPage);
  begin(kitPage, model, "stuck-wasm");
  await untilMarked(kitPage, "load");
  await kitPage.goto("about:blank");
  await openKit(kitPage, server);
  begin(kitPage, model, "stuck-wasm");
  await untilMarked(kitPage, "load");
  await kitPage.close();
  const { model: info, fallback } = await visitAgain(context, server, model);
  expect({ variant: info.variant, fallback }).toEqual({ variant: "int8", fallback: undefined });
});
