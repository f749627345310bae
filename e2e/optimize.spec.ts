/** The encoder that the device writes for itself: when it runs, what it costs in answers, and what is kept of it. */

import type { Page } from "@playwright/test";
import type { VlmOptions } from "@fastvlm-kit/web";
import { expect, readScenes, test } from "./fixtures.ts";

const SCENES = readScenes().map(({ file }) => `/scenes/${file}`);

interface Visit {
  readonly variant: string;
  readonly texts: string[];
  readonly likeness: number[];
  readonly wrote: number;
}

/** Loads the model's float files and captions some scenes. */
function visit(
  page: Page,
  optimize: NonNullable<VlmOptions["optimize"]>,
  {
    scenes = SCENES.slice(0, 3),
    storage = "indexed-db",
  }: { scenes?: string[]; storage?: "indexed-db" | "memory" } = {},
): Promise<Visit> {
  return page.evaluate(
    async ({ optimize, scenes, storage }) => {
      const { observe, tinyModel } = window.kit;
      const model = tinyModel({ precision: "fp16" });
      const { vlm, metrics } = await observe({
        model,
        device: "wasm",
        optimize,
        cache: { storage },
      });
      const texts = [];
      for (const scene of scenes) texts.push((await vlm.caption(scene, { cache: false })).text);
      await vlm.dispose();
      const valuesOf = (name: string) =>
        metrics.filter((one) => one.name === name).map(({ value }) => value);
      return {
        variant: vlm.model.variant,
        texts,
        likeness: valuesOf("vlm.encoder.likeness"),
        wrote: valuesOf("vlm.encoder.optimize.duration").length,
      };
    },
    { optimize, scenes, storage },
  );
}

test("an encoder that gains little is left as it is, also where nothing is kept", async ({
  kitPage,
}) => {
  for (const [mode, storage] of [
    ["auto", "indexed-db"],
    ["none", "indexed-db"],
    ["always", "memory"],
  ] as const) {
    const { variant, likeness, wrote } = await visit(kitPage, mode, { storage });
    expect({ variant, likeness, wrote }).toEqual({ variant: "fp16", likeness: [], wrote: 0 });
  }
});

test("the int8 encoder is written once, sees the same, and answers as the original does", async ({
  kitPage,
}) => {
  test.setTimeout(180_000);
  const plain = await visit(kitPage, "none", { scenes: SCENES });
  const first = await visit(kitPage, "always", { scenes: SCENES });
  expect(first).toMatchObject({ variant: "fp16+int8-vision", wrote: 1 });
  expect(first.likeness[0]).toBeGreaterThan(0.999);
  expect(first.likeness[0]).toBeLessThan(1);
  // 1 of 48, measured (decisions/2026-11-24-int8-vision-encoder.md).
  const different = first.texts.filter((text, index) => text !== plain.texts[index]);
  expect(different.length).toBeLessThanOrEqual(3);

  await kitPage.reload();
  await kitPage.waitForFunction(() => "kit" in window);
  const second = await visit(kitPage, "always", { scenes: SCENES.slice(0, 8) });
  expect(second).toMatchObject({ variant: "fp16+int8-vision", likeness: [], wrote: 0 });
  expect(second.texts).toEqual(first.texts.slice(0, 8));
  // The downloaded file was left alone.
  expect((await visit(kitPage, "none", { scenes: SCENES.slice(0, 8) })).texts).toEqual(
    plain.texts.slice(0, 8),
  );
});

test("damage of the written encoder is found, and it is written again", async ({
  kitPage,
  server,
}) => {
  const first = await visit(kitPage, "always");
  await kitPage.evaluate(async () => {
    const { stored } = window.kit;
    const shards = await stored.listShards();
    const { key } = shards.find(({ path }) => path.endsWith("#derived"))!;
    const bytes = new Uint8Array(await (await stored.readPart(key)).arrayBuffer());
    bytes[bytes.length >> 1]! ^= 1;
    await stored.overwritePart(key, bytes);
  });
  server.requests.length = 0;
  const second = await visit(kitPage, "always");
  expect(second).toMatchObject({ texts: first.texts, variant: "fp16+int8-vision", wrote: 1 });
  expect(server.requests.filter((path) => path.endsWith(".onnx"))).toEqual([]);
});
