/** Questions to the small SmolVLM of the official exporters, of which it is known what PyTorch's `generate` answers. */

import type { Page } from "@playwright/test";
import type { VlmResult } from "@fastvlm-kit/web";
import { readIdefics3Reference } from "../packages/web/test/exported-idefics3.ts";
import { idefics3Codec, idefics3EndIds } from "../packages/web/test/exported-idefics3-prompt.ts";
import { KIT_QUESTIONS, MOST_TOKENS } from "../packages/web/test/exported-idefics3-questions.ts";
import { expect } from "./fixtures.ts";

/** Asks the files in float32 on WASM, through the SDK, with the images as pixels. */
export function askKitQuestions(page: Page): Promise<VlmResult[]> {
  return page.evaluate(
    async ({ questions, mostTokens }) => {
      const { ask, drawKitImage, exportedSmolVlm, observe } = window.kit;
      const { vlm } = await observe({ model: exportedSmolVlm(""), device: "wasm" });
      const results: VlmResult[] = [];
      for (const { images, prompt, detail, history } of questions) {
        results.push(
          await ask(vlm, {
            prompt,
            image: images.map(([width, height]) => {
              return new ImageData(drawKitImage(width, height), width, height);
            }),
            ...(images.length > 0 && { detail }),
            ...(history && { history }),
            maxNewTokens: mostTokens,
            timeoutMs: 120_000,
          }),
        );
      }
      await vlm.dispose();
      return results;
    },
    { questions: KIT_QUESTIONS, mostTokens: MOST_TOKENS },
  );
}

/** Texts and numbers of tokens are those of `generate`. */
export function expectGenerated(results: readonly VlmResult[]): void {
  const { answers } = readIdefics3Reference();
  const isEnd = (id: number | undefined): boolean => id !== undefined && idefics3EndIds.has(id);
  const expected = answers.map(({ answer }) => ({
    text: idefics3Codec.decode(answer).trim(),
    output: answer.filter((id) => !isEnd(id)).length,
    finishReason: isEnd(answer.at(-1)) ? "stop" : "length",
  }));
  const found = results.map(({ text, tokens, finishReason }) => {
    return { text, output: tokens.output, finishReason };
  });
  expect(found).toEqual(expected);
}
