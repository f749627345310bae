/**
 * SmolVLM as an app uses it: through `smolVlm`, on small files of the official exporters with random weights. Its
 * answers mean nothing; that the numbers are right is tested in `packages/web`.
 */

import type { Page } from "@playwright/test";
import type { GenerateEvent, VlmResult } from "@fastvlm-kit/web";
import { expect, test } from "./fixtures.ts";
import { askKitQuestions, expectGenerated } from "./kit-questions.ts";

interface Asked {
  readonly events: readonly GenerateEvent[];
  readonly result: VlmResult;
}

/** Asks about a picture of 2 by 2 tiles of 64 pixels, which is drawn alike each time, and waits until its tiles are stored. */
function ask(page: Page, prompt: string): Promise<Asked> {
  return page.evaluate(async (prompt) => {
    const { exportedSmolVlm, observe, stored } = window.kit;
    const { vlm } = await observe({ model: exportedSmolVlm(), device: "wasm" });
    const canvas = new OffscreenCanvas(200, 150);
    const context = canvas.getContext("2d")!;
    for (let x = 0; x < 200; x += 10) {
      context.fillStyle = `rgb(${x}, ${255 - x}, ${x % 100})`;
      context.fillRect(x, 0, 10, 150);
    }
    const image = await canvas.convertToBlob({ type: "image/png" });
    const events: GenerateEvent[] = [];
    for await (const event of vlm.generate({ image, prompt, detail: 128, maxNewTokens: 4 })) {
      events.push(event);
    }
    await stored.untilFeatures(3); // The lower tiles are the upper ones.
    await vlm.dispose();
    const last = events.pop()!;
    if (last.type !== "done") throw new Error("The stream ended without `done`");
    return { events, result: last.result };
  }, prompt);
}

const tilesOf = ({ events }: Asked) =>
  events.flatMap((event) =>
    event.type === "tile-encoded" ? [[event.tiles, event.totalTiles]] : [],
  );

test("cuts an image into tiles, tells of each, and finds them again at the next visit", async ({
  kitPage,
}) => {
  const first = await ask(kitPage, "What is it?");
  expect(tilesOf(first)).toEqual([1, 2, 3, 4, 5].map((tiles) => [tiles, 5]));
  expect(first.result).toMatchObject({
    device: "wasm",
    images: [{ width: 200, height: 150, size: 128 }],
    finishReason: "length",
    tokens: { output: 4, reused: 0 },
  });
  expect(first.result.timings.preprocessMs).toBeGreaterThan(0);

  await kitPage.reload();
  await kitPage.waitForFunction(() => "kit" in window);
  const other = await ask(kitPage, "Where is it?");
  expect(other.result).toMatchObject({ cached: false, timings: { preprocessMs: 0 } });
  expect(other.result.tokens.image).toBe(first.result.tokens.image);
});

test("answers on WASM what PyTorch's generate answers to the kit's own pixels", async ({
  kitPage,
}) => {
  expectGenerated(await askKitQuestions(kitPage));
});

test("refuses a side that is no multiple of a tile", async ({ kitPage }) => {
  const wrong = await kitPage.evaluate(async () => {
    const { ask, exportedSmolVlm, failureOf, observe } = window.kit;
    const { vlm } = await observe({ model: exportedSmolVlm(), device: "wasm" });
    const image = "/scenes/scene-01.png";
    return failureOf(() => ask(vlm, { image, prompt: "What?", detail: 100 }));
  });
  expect(wrong).toMatchObject({
    name: "TypeError",
    message: expect.stringContaining("`detail`"),
  });
});
