/**
 * The reference is transformers.js on the same files: our engine must give the same tokens. The
 * fixture scenes are 256 × 256 and opaque, so both sides see the same numbers.
 */

import { expect, readScenes, test, type Scene } from "./fixtures.ts";
import { isExhaustive } from "../tools/exhaustive.ts";
import { answerWithKit, answerWithReference, type Question } from "./answers.ts";

const scenes = readScenes().slice(0, isExhaustive ? 48 : 6);
const CAPTION = "Describe this image.";
const OTHER_PROMPTS = [
  "Describe this image in detail.",
  "What is on the left?",
  "How many objects are there?",
  "What color is the background?",
  "Is there a dog?",
  "   what's  THIS?? \n",
];

const about = (prompt: string, ...pictures: Scene[]): Question => ({
  prompt,
  pictures: pictures.map(({ file }) => `/scenes/${file}`),
});

const questions: Question[] = [
  ...scenes.map((scene) => about(CAPTION, scene)),
  ...scenes
    .slice(0, OTHER_PROMPTS.length)
    .map((scene, index) => about(OTHER_PROMPTS[index]!, scene)),
  ...["What can you do?", "Hello", "Who are you?"].map((prompt) => about(prompt)),
];

test.describe.configure({ mode: "serial" });

// Floats give the same tokens. The kit runs the first position of an int8 prompt by itself, so that the others are rounded
// better than by transformers.js; of two tokens that are nearly as likely, the other may win
// (decisions/2026-11-26-real-language.md).
for (const [precision, mostDifferent] of [
  ["fp16", 0],
  ["int8", 1],
] as const) {
  test(`gives transformers.js's answers on the ${precision} files`, async ({ kitPage, server }) => {
    test.setTimeout(300_000);
    const ours = await answerWithKit(kitPage, questions, { precision, device: "wasm" });
    const dtype = precision === "fp16" ? "fp32" : "int8";
    const theirs = await answerWithReference(kitPage, server, questions, dtype);
    expect(ours.map(({ device }) => device)).toEqual(questions.map(() => "wasm"));
    const outcomes = questions.map((_, index) => {
      const { text, tokens, finishReason } = ours[index]!;
      // The end token is part of the reference's ids and not of ours.
      const ids = tokens.output + (finishReason === "stop" ? 1 : 0);
      const { text: expected, ids: expectedIds } = theirs[index]!;
      return { text, ids, expected, expectedIds: expectedIds.length };
    });
    const different = outcomes.filter(
      ({ text, ids, expected, expectedIds }) => text !== expected || ids !== expectedIds,
    );
    expect(different.length, JSON.stringify(different)).toBeLessThanOrEqual(mostDifferent);
  });
}

test("answers about two pictures in one prompt as transformers.js does where it can", async ({
  kitPage,
  server,
}) => {
  // LlavaProcessor expands only the first `<image>`, so the reference page expands both itself.
  const pair = [about("What is in the two images?", scenes[0]!, scenes[3]!)];
  const ours = await answerWithKit(kitPage, pair, { precision: "fp16", device: "wasm" });
  const theirs = await answerWithReference(kitPage, server, pair, "fp32");
  expect(ours[0]!.text).toBe(theirs[0]!.text);
  expect(ours[0]!.tokens.image).toBe(32);
});
