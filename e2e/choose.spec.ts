/** Answers that are chosen from options, on scenes whose right answers are known. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "./fixtures.ts";

interface Scene {
  readonly file: string;
  readonly objects: readonly { readonly words: string }[];
  readonly background: string;
}

const scenes = readFileSync(
  fileURLToPath(new URL("./fixtures/scenes/scenes.jsonl", import.meta.url)),
  "utf8",
)
  .trim()
  .split("\n")
  .slice(0, 12)
  .map((line) => JSON.parse(line) as Scene);

const COLORS = ["red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "grey"];

/** This model answers in sentences. */
const COUNTS = ["There is one object", "There are two objects", "There are three objects"];

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

test("chooses, checks and scores with the model's own probabilities", async ({ kitPage }) => {
  const seen = await kitPage.evaluate(
    async ({ scenes, colors, counts }) => {
      const { vlm, events } = await window.kit.observe();
      const answers = [];
      for (const { file, objects } of scenes) {
        const image = `/scenes/${file}`;
        answers.push({
          background: await vlm.choose(image, "What color is the background?", colors, {
            answerStart: "The background is",
          }),
          there: await vlm.check(image, `Is there ${objects[0]!.words}?`),
          said: (await window.kit.ask(vlm, { image, prompt: `Is there ${objects[0]!.words}?` }))
            .text,
          count: await vlm.choose(image, "How many objects are there?", counts),
          score: await vlm.score(image, "How many objects are there?", { min: 0, max: 4 }),
        });
      }
      const again = await vlm.check(
        `/scenes/${scenes[0]!.file}`,
        `Is there ${scenes[0]!.objects[0]!.words}?`,
      );
      const refused = await window.kit.failureOf(() =>
        vlm.choose(`/scenes/${scenes[0]!.file}`, "?", ["a"]),
      );
      const ended = events.flatMap((event) =>
        event.type === "call-ended" ? [event.call.task] : [],
      );
      return { answers, again, refused, ended };
    },
    { scenes, colors: COLORS, counts: COUNTS },
  );

  const right = (is: (index: number) => boolean): number => scenes.filter((_, at) => is(at)).length;
  const known = scenes.map(({ background }) => COLORS.includes(background));
  for (const { background, score } of seen.answers) {
    expect(sum(background.options.map(({ probability }) => probability))).toBeCloseTo(1, 6);
    expect(background.options.map(({ option }) => option)).toEqual(COLORS);
    expect(sum(score.probabilities)).toBeCloseTo(1, 6);
    expect(score.score).toBeCloseTo(sum(score.probabilities.map((one, number) => one * number)), 6);
  }
  const { answers } = seen;
  // The model's card: 98.5 to 100 % for backgrounds and numbers.
  expect(
    right((at) => known[at]! && answers[at]!.background.choice === scenes[at]!.background),
  ).toBe(known.filter(Boolean).length);
  expect(
    right((at) => answers[at]!.count.choice === COUNTS[scenes[at]!.objects.length - 1]),
  ).toBeGreaterThanOrEqual(scenes.length - 1);
  for (const { there, said } of answers) expect(there.isTrue).toBe(said.startsWith("Yes"));
  expect(right((at) => answers[at]!.there.isTrue)).toBeGreaterThan(scenes.length / 2);
  expect(seen.again.result.cached).toBe(true);
  expect(seen.again).toMatchObject({ probability: answers[0]!.there.probability });
  expect(seen.refused).toMatchObject({ name: "TypeError" });
  expect(new Set(seen.ended)).toContain("choice");
});

test("an answer has the form that it was asked for, which the model does not give by itself", async ({
  loadedPage,
}) => {
  const seen = await loadedPage.evaluate(async () => {
    const { ask, failureOf, observeLoaded } = window.kit;
    const { vlm } = await observeLoaded();
    const question = { image: "/scenes/scene-02.png", prompt: "What is in the image?" };
    const schema = {
      type: "object",
      properties: {
        things: { type: "array", items: { type: "string", maxLength: 24 }, maxItems: 3 },
        count: { type: "integer", minimum: 0, maximum: 3 },
        background: { enum: ["red", "orange", "blue"] },
      },
      required: ["things", "count", "background"],
    };
    return {
      free: await ask(vlm, question),
      json: await ask(vlm, { ...question, format: { schema } }),
      short: await ask(vlm, {
        ...question,
        format: { regex: /[A-Z][a-z ]{2,8}/ },
        maxNewTokens: 9,
      }),
      refused: await failureOf(() => ask(vlm, { ...question, format: { regex: "(a" } })),
      both: await failureOf(() => ask(vlm, { ...question, format: { regex: "a" }, stop: ["b"] })),
    };
  });
  expect(() => JSON.parse(seen.free.text) as unknown).toThrow(SyntaxError);
  const read = JSON.parse(seen.json.text) as Record<string, unknown>;
  expect(Object.keys(read)).toEqual(["things", "count", "background"]);
  expect(["red", "orange", "blue"]).toContain(read["background"]);
  expect(read["count"]).toBeLessThanOrEqual(3);
  expect(seen.short.text).toMatch(/^[A-Z][a-z ]{1,8}$/);
  expect(seen.refused).toMatchObject({ name: "TypeError" });
  expect(seen.both).toMatchObject({ name: "TypeError" });
});
