/**
 * A model whose files are all of the official exporters, as `fastvlm05b` loads the public one: its numbers in this
 * browser on WASM, and the answers of transformers.js.
 */

import { expect, test } from "./fixtures.ts";
import { answerExportedWithKit, answerWithReference } from "./answers.ts";
import { expectNumbers, readNumbers } from "./exported-numbers.ts";

test("has the numbers of the exporters' files on WASM", async ({ kitPage }) => {
  const files = { vision: "vision_encoder", embed: "embed_tokens_int8", dtype: "int8" } as const;
  const sides = [64, 512];
  const seen = await readNumbers(kitPage, "wasm", files, { sides });
  expect(seen.prepared.decoder).toMatchObject({ kv: "new", unfused: 3 });
  expectNumbers(seen, { dtype: "int8", sides, features: 1e-4, logits: 1e-2 });
});

test("answers as transformers.js does at 1024 px: decoder in q4", async ({ kitPage, server }) => {
  test.setTimeout(300_000);
  // Of the model's own size, so that nobody resizes.
  const picture = await kitPage.evaluate(async () =>
    URL.createObjectURL(await window.kit.plainPicture("tomato", 1024, 1024)),
  );
  const questions = [
    { prompt: "Describe this image.", pictures: [picture] },
    { prompt: "What can you do?", pictures: [] },
  ];
  // Not in int8: the kit runs the first position by itself, which rounds otherwise, and these weights are random.
  const ours = await answerExportedWithKit(kitPage, questions, { embed: "fp16", decoder: "q4" });
  const dtypes = {
    vision_encoder: "fp32",
    embed_tokens: "fp16",
    decoder_model_merged: "q4",
  } as const;
  const theirs = await answerWithReference(kitPage, server, questions, dtypes, "exported-fastvlm");
  expect(ours.map(({ text }) => text)).toEqual(theirs.map(({ text }) => text));
  expect(ours.map(({ tokens }) => tokens.image)).toEqual([256, 0]);
  expect(new Set(ours.map(({ text }) => text)).size).toBe(2);
});
