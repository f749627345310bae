/** A picture encoded once and asked about often; what is reused, what is kept over a visit, and that answers stay the same. */

import type { Page } from "@playwright/test";
import type { OpenImage, ImageQuestion, VlmResult } from "@fastvlm-kit/web";
import { EXHAUSTIVE_TAG, isExhaustive } from "../tools/exhaustive.ts";
import { expect, readScenes, test } from "./fixtures.ts";

const SCENE = "/scenes/scene-02.png";
const QUESTIONS = ["Describe this image.", "How many objects are there?", "What is on the left?"];

/** Opens one picture and asks about it, one question after the other. */
function askPhoto(
  page: Page,
  questions: readonly (ImageQuestion & { prompt: string })[],
): Promise<VlmResult[]> {
  return page.evaluate(
    async ({ scene, questions }) => {
      const { collect, fetchBlob, observe } = window.kit;
      const { vlm } = await observe({ device: "wasm" });
      const photo: OpenImage = await vlm.open(await fetchBlob(scene));
      const results: VlmResult[] = [];
      for (const { prompt, ...question } of questions) {
        results.push(await collect(photo.ask(prompt, question)));
      }
      photo.close();
      await vlm.dispose();
      return results;
    },
    { scene: SCENE, questions },
  );
}

test("an open picture is encoded once, and its questions share what comes before them", async ({
  loadedPage,
}) => {
  const results = await askPhoto(
    loadedPage,
    QUESTIONS.map((prompt) => ({ prompt, cache: false })),
  );
  for (const { timings, tokens, cached, images } of results) {
    expect(cached).toBe(false);
    expect(images).toEqual([{ width: 256, height: 256, size: 256, tokens: 16 }]);
    expect(timings.preprocessMs).toBe(0);
    // The frame of the prompt and the picture were there; the question was not.
    expect(tokens.reused).toBeGreaterThan(tokens.image);
    expect(tokens.reused).toBeLessThan(tokens.image + tokens.prompt);
  }
});

const COMPARED_SCENES = isExhaustive ? 48 : 8;

// Floats give the same tokens. The int8 files scale activations by the largest of all that run at once,
// so a prompt in pieces is rounded otherwise than one in one piece.
for (const [precision, mostDifferent, tag] of [
  ["fp16", 0, []],
  ["int8", 3, [EXHAUSTIVE_TAG]],
] as const) {
  const name = `answers on the ${precision} files are those of a call that reuses nothing`;
  test(name, { tag: [...tag] }, async ({ kitPage }) => {
    test.setTimeout(300_000);
    const scenes = readScenes()
      .slice(0, COMPARED_SCENES)
      .map(({ file }) => `/scenes/${file}`);
    const answers = await kitPage.evaluate(
      async ({ scenes, questions, precision }) => {
        const { ask, collect, fetchBlob, observe, tinyModel } = window.kit;
        const { vlm } = await observe({ model: tinyModel({ precision }), device: "wasm" });
        const pairs: { reused: string; plain: string }[] = [];
        for (const scene of scenes) {
          const image = await fetchBlob(scene);
          const photo = await vlm.open(image);
          for (const prompt of questions) {
            const { text: reused } = await collect(photo.ask(prompt, { cache: false }));
            const { text: plain } = await ask(vlm, { image, prompt, cache: false });
            pairs.push({ reused, plain });
          }
          photo.close();
        }
        return pairs;
      },
      { scenes, questions: QUESTIONS, precision },
    );
    const different = answers.filter(({ reused, plain }) => reused !== plain);
    expect(answers).toHaveLength(COMPARED_SCENES * QUESTIONS.length);
    expect(different.length, JSON.stringify(different)).toBeLessThanOrEqual(mostDifferent);
  });
}

test("the same picture after a reload is neither decoded nor encoded again", async ({
  kitPage,
}) => {
  const ask = (prompt: string) =>
    kitPage.evaluate(
      async ({ scene, prompt }) => {
        const { ask, fetchBlob, observe, stored } = window.kit;
        const { vlm, metrics } = await observe({ device: "wasm" });
        const result = await ask(vlm, { image: await fetchBlob(scene), prompt });
        await stored.untilAnswers(1);
        await stored.untilFeatures(1);
        await vlm.dispose();
        return { result, kept: metrics.some(({ name }) => name === "vlm.kv_cache.bytes") };
      },
      { scene: SCENE, prompt },
    );
  const first = await ask(QUESTIONS[0]!);
  expect(first.result.timings.preprocessMs).toBeGreaterThan(0);
  expect(first.kept).toBe(true);
  await kitPage.reload();
  await kitPage.waitForFunction(() => "kit" in window);
  const other = await ask(QUESTIONS[1]!);
  // Nothing was made ready for the encoder, so that it had nothing to encode.
  expect(other.result).toMatchObject({ cached: false, timings: { preprocessMs: 0 } });
  await kitPage.reload();
  await kitPage.waitForFunction(() => "kit" in window);
  const again = await ask(QUESTIONS[0]!);
  expect(again.result).toMatchObject({
    cached: true,
    text: first.result.text,
    images: first.result.images,
    timings: { preprocessMs: 0, visionMs: 0 },
  });
});

test("cache: false computes everything, and leaves nothing behind", async ({ kitPage }) => {
  const results = await kitPage.evaluate(
    async ({ scene, questions }) => {
      const { ask, fetchBlob, observe } = window.kit;
      const { vlm } = await observe({ device: "wasm" });
      const image = await fetchBlob(scene);
      const results = [];
      for (const prompt of [...questions, ...questions]) {
        results.push(await ask(vlm, { image, prompt, cache: false }));
      }
      results.push(await ask(vlm, { image, prompt: questions[0]! }));
      return results;
    },
    { scene: SCENE, questions: QUESTIONS },
  );
  for (const { timings, tokens, cached } of results) {
    expect({ reused: tokens.reused, cached }).toEqual({ reused: 0, cached: false });
    expect(timings.preprocessMs).toBeGreaterThan(0);
  }
});

test("a conversation goes on where it was; other words begin anew", async ({ kitPage }) => {
  const { first, second, other, wrong } = await kitPage.evaluate(
    async ({ scene, questions }) => {
      const { collect, failureOf, fetchBlob, observe } = window.kit;
      const { vlm } = await observe({ device: "wasm" });
      const photo = await vlm.open(await fetchBlob(scene));
      const [prompt, next] = questions as [string, string];
      const first = await collect(photo.ask(prompt));
      const history = [
        { role: "user", content: prompt },
        { role: "assistant", content: first.text },
      ] as const;
      const second = await collect(photo.ask(next, { history }));
      const other = await collect(
        photo.ask(next, { history: [history[0], history[1], ...history] }),
      );
      const wrong = await failureOf(() => collect(photo.ask(next, { history: [history[1]] })));
      return { first, second, other, wrong };
    },
    { scene: SCENE, questions: QUESTIONS },
  );
  const positions = ({ tokens }: VlmResult) => tokens.image + tokens.prompt;
  expect(second.tokens.reused).toBeGreaterThanOrEqual(positions(first));
  expect(positions(second)).toBeGreaterThan(positions(first) + first.tokens.output);
  expect(other.tokens.reused).toBeGreaterThanOrEqual(positions(first));
  expect(wrong).toMatchObject({
    name: "TypeError",
    message: expect.stringContaining("history"),
  });
});

test("a picture is seen as large as the call says", async ({ kitPage }) => {
  const seen = await kitPage.evaluate(async (scene) => {
    const { ask, fetchBlob, failureOf, observe, plainPicture, tinyModel } = window.kit;
    const model = { ...tinyModel(), imageSize: 512 };
    Reflect.deleteProperty(model, "selfCheck"); // It is of the model's own size.
    const { vlm } = await observe({ model, device: "wasm" });
    const image = await fetchBlob(scene);
    const prompt = "Describe this image.";
    const sizes = [];
    for (const detail of ["high", "medium", "low", 192] as const) {
      const { images, tokens } = await ask(vlm, { image, prompt, detail, maxNewTokens: 4 });
      sizes.push([images[0]!.size, tokens.image]);
    }
    // What was measured meanwhile: everything is too slow for a millisecond, and nothing for a minute.
    const small = await plainPicture("#123", 100, 60);
    for (const [picture, targetLatencyMs] of [
      [image, 1],
      [image, 60_000],
      [small, 60_000],
    ] as const) {
      const options = { detail: "auto", targetLatencyMs, maxNewTokens: 4 } as const;
      const { images } = await ask(vlm, { image: picture, prompt, ...options });
      sizes.push([images[0]!.size, images[0]!.tokens]);
    }
    const wrong = await failureOf(() => ask(vlm, { image, prompt, detail: 100 }));
    return { sizes, wrong };
  }, SCENE);
  expect(seen.sizes).toEqual([
    [512, 64],
    [256, 16],
    [128, 4],
    [192, 9],
    [256, 16], // No less: little would be left to see.
    [256, 16], // The picture has no more.
    [128, 4],
  ]);
  expect(seen.wrong).toMatchObject({
    name: "TypeError",
    message: expect.stringContaining("detail"),
  });
});

test("pictures of every kind stay open, also over a worker that died; a closed one is refused", async ({
  kitPage,
}) => {
  const { texts, closed } = await kitPage.evaluate(async (scene) => {
    const { collect, failureOf, fetchBlob, observe } = window.kit;
    const { vlm, workers } = await observe({ device: "wasm" });
    const blob = await fetchBlob(scene);
    const bitmap = await createImageBitmap(blob);
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const context = canvas.getContext("2d")!;
    context.drawImage(bitmap, 0, 0);
    const pixels = context.getImageData(0, 0, bitmap.width, bitmap.height);
    const photos = await Promise.all(
      [blob, bitmap, canvas, pixels, scene].map((source) => vlm.open(source)),
    );
    // What was opened is what is asked about, whatever becomes of the source.
    context.clearRect(0, 0, canvas.width, canvas.height);
    bitmap.close();
    const ask = (photo: OpenImage) =>
      collect(photo.ask("Describe this image.", { cache: false })).then(({ text }) => text);
    const texts = [];
    for (const photo of photos) texts.push(await ask(photo));
    workers.at(-1)!.terminate();
    for (const photo of photos) texts.push(await ask(photo).catch(() => ask(photo)));
    texts.push((await photos[1]!.caption({ cache: false })).text);
    for (const photo of photos) photo.close();
    return {
      texts,
      closed: await failureOf(() => collect(photos[1]!.ask("Describe this image."))),
    };
  }, SCENE);
  expect(texts).toHaveLength(11);
  expect(new Set(texts).size).toBe(1);
  expect(closed).toMatchObject({ name: "InvalidStateError" });
});

test("clearCache forgets pictures and beginnings of prompts too", async ({ kitPage }) => {
  const { before, after, usage } = await kitPage.evaluate(
    async ({ scene, questions }) => {
      const { ask, fetchBlob, observe, openLibrary } = window.kit;
      const { vlm } = await observe({ device: "wasm" });
      const image = await fetchBlob(scene);
      await ask(vlm, { image, prompt: questions[0]! });
      const before = await ask(vlm, { image, prompt: questions[1]! });
      await vlm.clearCache();
      const after = await ask(vlm, { image, prompt: questions[1]! });
      await vlm.clearCache();
      const library = openLibrary();
      const usage = await library.storageUsage();
      await library.dispose();
      return { before, after, usage };
    },
    { scene: SCENE, questions: QUESTIONS },
  );
  expect(before.tokens.reused).toBeGreaterThan(0);
  expect(after).toMatchObject({ cached: false, tokens: { reused: 0 }, text: before.text });
  expect(usage.featureBytes).toBe(0);
});
