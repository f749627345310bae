/** The same questions to the kit and to transformers.js. */

import type { Page } from "@playwright/test";
import type { VlmResult } from "@fastvlm-kit/web";
import type { ReferenceDtype } from "./harness/reference.ts";
import type { ReferenceAnswer } from "./harness/reference-models.ts";
import type { TestServer } from "./server/test-server.ts";

export interface Question {
  readonly prompt: string;
  /** Addresses. */
  readonly pictures: readonly string[];
}

const MAX_NEW_TOKENS = 48;

/** Greedy and uncached answers of the kit's shared client, which is on WebGPU where the browser has it. */
export function answerWithLoadedKit(
  page: Page,
  questions: readonly Question[],
): Promise<VlmResult[]> {
  return page.evaluate(
    async ({ questions, maxNewTokens }) => {
      const { ask, observeLoaded } = window.kit;
      const { vlm } = await observeLoaded();
      const results: VlmResult[] = [];
      for (const { prompt, pictures } of questions) {
        const asked = { prompt, image: pictures, maxNewTokens, cache: false, timeoutMs: 120_000 };
        results.push(await ask(vlm, asked));
      }
      return results;
    },
    { questions, maxNewTokens: MAX_NEW_TOKENS },
  );
}

/** The same of a client of its own, on one device. */
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
        // A software adapter on a busy machine needs more than the usual 30 seconds for a long answer.
        const timeoutMs = 120_000;
        const asked = { prompt, image: pictures, maxNewTokens, cache: false, timeoutMs };
        results.push(await ask(vlm, asked));
      }
      await vlm.dispose();
      return results;
    },
    { questions, precision, device, maxNewTokens: MAX_NEW_TOKENS },
  );
}

/** The same of a model of the official exporters, on WASM, with these precisions of its embedding and its decoder. */
export function answerExportedWithKit(
  page: Page,
  questions: readonly Question[],
  precisions: { readonly embed: string; readonly decoder: string },
): Promise<VlmResult[]> {
  return page.evaluate(
    async ({ questions, precisions, maxNewTokens }) => {
      const { ask, fastvlm05b, fetchBlob, observe } = window.kit;
      const baseUrl = `${location.origin}/models/exported-fastvlm`;
      // A revision of its own: these are not the files whose hashes ship.
      const revision = "exported";
      const model = fastvlm05b({ baseUrl, revision, acceptLicense: "apple-amlr" });
      const graphs = {
        vision: "onnx/vision_encoder.onnx",
        embed: `onnx/embed_tokens_${precisions.embed}.onnx`,
        decoder: `onnx/decoder_model_merged_${precisions.decoder}.onnx`,
      };
      const variants = [{ id: precisions.decoder, device: "wasm", graphs }] as const;
      const { vlm } = await observe({ model: { ...model, variants }, device: "wasm" });
      const results: VlmResult[] = [];
      for (const { prompt, pictures } of questions) {
        const image = await Promise.all(pictures.map(fetchBlob));
        // A picture of 1024 px takes a busy machine more than the usual 30 seconds.
        const how = { maxNewTokens, cache: false, timeoutMs: 120_000 } as const;
        results.push(await ask(vlm, { prompt, image, ...how }));
      }
      await vlm.dispose();
      return results;
    },
    { questions, precisions, maxNewTokens: MAX_NEW_TOKENS },
  );
}

/** Greedy answers of transformers.js about a model that the test server has, in a page of its own. */
export async function answerWithReference(
  page: Page,
  server: TestServer,
  questions: readonly Question[],
  dtype: ReferenceDtype,
  model: "tiny" | "exported-fastvlm" = "tiny",
): Promise<ReferenceAnswer[]> {
  const reference = await page.context().newPage();
  await reference.goto(`${server.origin}/reference.html`);
  await reference.waitForFunction(() => "reference" in window);
  const answers = await reference.evaluate(
    async ({ questions, model, dtype, maxNewTokens }) => {
      const host = `${location.origin}/models/`;
      const loaded = await window.reference.load({ host, model, dtype });
      const found: ReferenceAnswer[] = [];
      for (const { prompt, pictures } of questions)
        found.push(await loaded.answer(prompt, pictures, maxNewTokens));
      return found;
    },
    { questions, model, dtype, maxNewTokens: MAX_NEW_TOKENS },
  );
  await reference.close();
  return answers;
}
