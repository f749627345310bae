/**
 * Scores the embedded model's files as users get them: through the SDK, in Chromium, for every
 * precision. `npm run evaluate -- --scenes DIR` takes a folder of `tools/train/make_scenes.py`;
 * without it, the fixture scenes.
 */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { chromium } from "@playwright/test";
import { build } from "vite";
import { startTestServer } from "../server/test-server.ts";
import { CHROMIUM_ARGS, ensureBrowser } from "../../tools/browser.ts";
import { scoreAnswers, type EvaluatedAnswers, type EvaluatedScene } from "./score.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const { values } = parseArgs({
  options: {
    scenes: { type: "string", default: here("../fixtures/scenes/") },
    precisions: { type: "string", default: "fp16,int8,q4" },
  },
});

const folder = values.scenes.replace(/\/?$/, "/");
const scenes = readFileSync(`${folder}scenes.jsonl`, "utf8")
  .split("\n")
  .filter((line) => line !== "")
  .map((line) => JSON.parse(line) as EvaluatedScene);

await build({ configFile: here("../harness/vite.config.ts"), logLevel: "error" });
const executablePath = ensureBrowser((line) => {
  console.error(line);
});
const server = await startTestServer({
  isolated: true,
  folders: { "/": here("../../.cache/e2e/pages/"), "/scenes/": folder },
});
const browser = await chromium.launch({
  args: [...CHROMIUM_ARGS],
  ...(executablePath !== undefined && { executablePath }),
});
try {
  for (const precision of values.precisions.split(",") as ("fp16" | "int8" | "q4")[]) {
    const page = await browser.newPage();
    await page.goto(`${server.origin}/index.html`);
    await page.waitForFunction(() => "kit" in window);
    const vlm = await page.evaluateHandle(async (precision) => {
      const { observe, tinyModel } = window.kit;
      return (await observe({ model: tinyModel({ precision }), device: "wasm" })).vlm;
    }, precision);
    const answers: EvaluatedAnswers[] = [];
    for (const { file, questions } of scenes) {
      answers.push(
        await vlm.evaluate(
          // No named function in here: it would call a helper of the compiler that the page lacks.
          async (vlm, { image, caption, background }) => {
            const { ask } = window.kit;
            const options = { image, cache: false, maxNewTokens: 64 };
            const captioned = await ask(vlm, { ...options, prompt: caption });
            return {
              caption: captioned.text,
              confidence: captioned.confidence!, // A device always tells it.
              background: (await ask(vlm, { ...options, prompt: background })).text,
            };
          },
          {
            image: `/scenes/${file}`,
            caption: questions["caption"]!.prompt,
            background: questions["background"]!.prompt,
          },
        ),
      );
    }
    console.log(
      JSON.stringify({ precision, scenes: scenes.length, ...scoreAnswers(scenes, answers) }),
    );
    await page.close();
  }
} finally {
  await browser.close();
  await server.close();
}
