/** What an app sees of a model that sees tiles: the tiny SmolVLM, on WASM, in one page that all tests share. */

import { expect, readScenes, test } from "./fixtures.ts";

const [, helicopter] = readScenes();
const HELICOPTER = `/scenes/${helicopter!.file}`;

/** Sides of one tile and of two by two; the scenes have 256 × 256 pixels. */
const [ONE, FOUR] = [128, 256];

test("describes a drawing in one tile, and in four tiles and the whole image", async ({
  loadedPage,
}) => {
  const seen = await loadedPage.evaluate(
    async ({ image, details }) => {
      const { vlm } = await window.kit.observeLoaded("smolvlm");
      const answers = [];
      for (const detail of details) {
        const tiles: string[] = [];
        const asked = { image, detail, prompt: "Describe this image.", cache: false };
        for await (const event of vlm.generate(asked)) {
          if (event.type === "tile-encoded")
            tiles.push(`${String(event.tiles)} of ${String(event.totalTiles)}`);
          if (event.type === "done") answers.push({ tiles, ...event.result });
        }
      }
      return answers;
    },
    { image: HELICOPTER, details: [ONE, FOUR] },
  );
  const { answer } = helicopter!.questions["caption"]!;
  expect(seen.map(({ text, device, tiles, images }) => [text, device, tiles, images])).toEqual([
    [answer, "wasm", [], [{ width: 256, height: 256, size: ONE, tokens: 16 + 3 }]],
    [
      answer,
      "wasm",
      ["1 of 5", "2 of 5", "3 of 5", "4 of 5", "5 of 5"],
      [{ width: 256, height: 256, size: FOUR, tokens: 5 * 16 + 13 }],
    ],
  ]);
});

test("every preset of the tiny SmolVLM writes what it is for", async ({ loadedPage }) => {
  const captions = await loadedPage.evaluate(async (image) => {
    const { vlm } = await window.kit.observeLoaded("smolvlm");
    const texts: Record<string, string> = {};
    for (const preset of ["brief", "detailed", "alt-text"] as const)
      texts[preset] = (await vlm.caption(image, { preset })).text;
    return texts;
  }, HELICOPTER);
  const answerTo = (kind: string): string => helicopter!.questions[kind]!.answer;
  expect(captions).toEqual({
    brief: answerTo("caption"),
    detailed: answerTo("detail"),
    "alt-text": answerTo("alt text"),
  });
});
