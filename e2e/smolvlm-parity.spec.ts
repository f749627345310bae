/**
 * SmolVLM against transformers.js's Idefics3, end to end on the same files: processor, encoder, decoder and text. Both see
 * the same tiles, because no picture is enlarged.
 */

import type { Page } from "@playwright/test";
import type { VlmResult } from "@fastvlm-kit/web";
import { expect, readScenes, test } from "./fixtures.ts";
import type { ReferenceAnswer } from "./harness/reference-models.ts";
import type { TiledQuestion } from "./harness/tiled-reference.ts";
import type { TestServer } from "./server/test-server.ts";

const MAX_NEW_TOKENS = 48;
const TILE = 128;

const [first, second, third, fourth] = readScenes().map(({ file }) => `/scenes/${file}`);

const about = (prompt: string, detail: number, ...pictures: string[]): TiledQuestion => {
  return { prompt, detail, pictures };
};

/** The scenes have 256 × 256 pixels: four crops, which nobody resizes, and the whole image. */
const inTiles = (prompt: string, ...pictures: string[]): TiledQuestion =>
  about(prompt, 2 * TILE, ...pictures);

const TEXT_ALONE = ["What can you do?", "Who are you?"].map((prompt) => about(prompt, TILE));

test("gives transformers.js's answers on the float files, about pictures in tiles and without one", async ({
  kitPage,
  server,
}) => {
  test.setTimeout(300_000);
  const questions: TiledQuestion[] = [
    inTiles("Describe this image.", first!),
    inTiles("Describe this image in detail.", second!),
    inTiles("What is on the left?", third!),
    inTiles("What color is the background?", fourth!),
    inTiles("What is in the two images?", first!, fourth!),
    {
      ...inTiles("What color is the background?", second!),
      history: [
        { role: "user", content: "Describe this image." },
        { role: "assistant", content: " A helicopter to the left of an ice cream." },
      ],
    },
    ...TEXT_ALONE,
  ];
  await expectSame({ kitPage, server, questions, precision: "fp16" });
});

test("gives transformers.js's answers on the int8 files, about pictures of one tile", async ({
  kitPage,
  server,
}) => {
  test.setTimeout(300_000);
  // Activations of 8 bits have one scale for all tiles of a run, and transformers.js runs all tiles at once.
  const pictures = await Promise.all([first!, second!].map((scene) => shrink(kitPage, scene)));
  const questions = [
    ...pictures.flatMap((picture) => [
      about("Describe this image.", TILE, picture),
      about("How many objects are there?", TILE, picture),
    ]),
    ...TEXT_ALONE,
  ];
  await expectSame({ kitPage, server, questions, precision: "int8" });
});

interface Comparison {
  readonly kitPage: Page;
  readonly server: TestServer;
  readonly questions: readonly TiledQuestion[];
  readonly precision: "fp16" | "int8";
}

async function expectSame({ kitPage, server, questions, precision }: Comparison): Promise<void> {
  const ours = await answerWithKit(kitPage, questions, precision);
  const theirs = await answerWithReference(kitPage, server, questions, precision);
  expect(ours.map(({ text }) => text)).toEqual(theirs.map(({ text }) => text));
  // The end token is part of the reference's ids and not of ours.
  expect(
    ours.map(({ tokens, finishReason }) => tokens.output + Number(finishReason === "stop")),
  ).toEqual(theirs.map(({ ids }) => ids.length));
  expect(new Set(ours.map(({ text }) => text)).size).toBeGreaterThan(questions.length / 2);
}

/** A picture of one tile, as a file that both sides read. */
function shrink(page: Page, scene: string): Promise<string> {
  return page.evaluate(
    async ({ scene, side }) => {
      const bitmap = await createImageBitmap(await window.kit.fetchBlob(scene));
      const canvas = new OffscreenCanvas(side, side);
      canvas.getContext("2d")!.drawImage(bitmap, 0, 0, side, side);
      return URL.createObjectURL(await canvas.convertToBlob({ type: "image/png" }));
    },
    { scene, side: TILE },
  );
}

function answerWithKit(
  page: Page,
  questions: readonly TiledQuestion[],
  precision: Comparison["precision"],
): Promise<VlmResult[]> {
  return page.evaluate(
    async ({ questions, precision, maxNewTokens }) => {
      const { ask, fetchBlob, observe, tinySmolVlm } = window.kit;
      const { vlm } = await observe({ model: tinySmolVlm({ precision }), device: "wasm" });
      const results: VlmResult[] = [];
      for (const { pictures, ...question } of questions) {
        const image = await Promise.all(pictures.map(fetchBlob));
        results.push(
          await ask(vlm, { ...question, image, maxNewTokens, cache: false, timeoutMs: 120_000 }),
        );
      }
      await vlm.dispose();
      return results;
    },
    { questions, precision, maxNewTokens: MAX_NEW_TOKENS },
  );
}

async function answerWithReference(
  page: Page,
  server: TestServer,
  questions: readonly TiledQuestion[],
  precision: Comparison["precision"],
): Promise<ReferenceAnswer[]> {
  const reference = await page.context().newPage();
  await reference.goto(`${server.origin}/reference.html`);
  await reference.waitForFunction(() => "reference" in window);
  const answers = await reference.evaluate(
    async ({ questions, precision, maxNewTokens }) => {
      const loaded = await window.reference.loadTiled({
        host: `${location.origin}/models/`,
        model: "tiny-smolvlm",
        dtype: precision === "fp16" ? "fp32" : precision,
      });
      const found: ReferenceAnswer[] = [];
      for (const question of questions) found.push(await loaded.answer(question, maxNewTokens));
      return found;
    },
    { questions, precision, maxNewTokens: MAX_NEW_TOKENS },
  );
  await reference.close();
  return answers;
}
