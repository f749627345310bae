/** The same questions to the kit and to transformers.js. */

import type { Page } from "@playwright/test";
import type { VlmResult } from "@fastvlm-kit/web";
import type { ReferenceAnswer } from "./harness/reference.ts";
import type { TestServer } from "./server/test-server.ts";

export interface Question {
  readonly prompt: string;
  /** Addresses. */
  readonly pictures: readonly string[];
}

const MAX_NEW_TOKENS = 48;

/** Greedy and uncached answers of the kit, on one device. */
export function answerWithKit(
  page: Page,
  questions: readonly Question[],
  { precision, device }: { precision: "fp16" | "int8" | "q4"; device: "webgpu" | "wasm" },
): Promise<VlmResult[]> {
  return page.evaluate(
    async ({ questions, precision, device, maxNewTokens }) => {
      const { ask, observe, tinyModel } = window.kit;
      const { vlm } = await observe({ model: tinyModel({ precision }), device });
      const results: VlmResult[] = [];
      for (const { prompt, pictures } of questions) {
        results.push(await ask(vlm, { prompt, image: pictures, maxNewTokens, cache: false }));
      }
      await vlm.dispose();
      return results;
    },
    { questions, precision, device, maxNewTokens: MAX_NEW_TOKENS },
  );
}

/** Greedy answers of transformers.js, in a page of its own. */
export async function answerWithReference(
  page: Page,
  server: TestServer,
  questions: readonly Question[],
  dtype: "fp32" | "int8" | "q4",
): Promise<ReferenceAnswer[]> {
  const reference = await page.context().newPage();
  await reference.goto(`${server.origin}/reference.html`);
  await reference.waitForFunction(() => "reference" in window);
  const answers = await reference.evaluate(
    async ({ questions, dtype, maxNewTokens }) => {
      const host = `${location.origin}/models/`;
      const model = await window.reference.load({ host, model: "tiny", dtype });
      const found: ReferenceAnswer[] = [];
      for (const { prompt, pictures } of questions)
        found.push(await model.answer(prompt, pictures, maxNewTokens));
      return found;
    },
    { questions, dtype, maxNewTokens: MAX_NEW_TOKENS },
  );
  await reference.close();
  return answers;
}
