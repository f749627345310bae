/**
 * An app that was upgraded, rolled back, or is open in two versions at once: what the last published version has stored, and
 * what it does with that which this version stores. The last version is a fixture; `upgrade/keep-version.ts` writes it.
 */

import type { Page } from "@playwright/test";
import { expect, LAST_VERSION_FOLDER, test } from "./fixtures.ts";
import { EXHAUSTIVE_TAG } from "../tools/exhaustive.ts";
import type { TestServer } from "./server/test-server.ts";
import type { Question, Visit } from "./upgrade/main.ts";
import {
  findOnnxRuntime,
  listLostCopies,
  QUESTIONS,
  readLastVersion,
  writePages,
} from "./upgrade/last-version.ts";
import { restoreOrigin } from "./upgrade/stored-origin.ts";

const last = readLastVersion();
const lostCopies = listLostCopies(last.stored);
const onnxRuntime = findOnnxRuntime().version;

/** About an image whose features are known, and about one that nobody has seen. */
const NEW_QUESTIONS: readonly Question[] = [
  { scene: QUESTIONS[0]!.scene, prompt: "Write alt text for this image." },
  { scene: "/scenes/scene-07.png", prompt: "Describe this image." },
];

/** Nothing is computed for a remembered answer, and nothing is encoded of a known image. */
const REMEMBERED = { cached: true, preprocessMs: 0 };
const ABOUT_KNOWN_IMAGE = { cached: false, preprocessMs: 0 };

test.skip(
  lostCopies.length > 0,
  `The embedded model is another one than that of the last version: ${lostCopies.join(", ")}. Keep a version again.`,
);

/** Asks this version, as the page of the last one is asked. */
function visit(page: Page, questions: readonly Question[]): Promise<Visit> {
  return page.evaluate(async (questions) => {
    const { ask, fetchBlob, observe, openLibrary } = window.kit;
    const { vlm, events } = await observe({ device: "wasm" });
    const answers: Visit["answers"][number][] = [];
    for (const { scene, prompt } of questions) {
      const { text, cached, timings } = await ask(vlm, { image: await fetchBlob(scene), prompt });
      answers.push({ text, cached, preprocessMs: timings.preprocessMs });
    }
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await vlm.dispose();
    const library = openLibrary();
    const models = await library.listModels();
    await library.dispose();
    return {
      answers,
      events: events.map(({ type }) => type),
      models: models.map(({ revision, isComplete }) => ({ revision, isComplete })),
    };
  }, questions);
}

/** Opens the page of the last version, in the same origin. */
async function openLastVersion(page: Page, server: TestServer): Promise<void> {
  writePages(last.pages, LAST_VERSION_FOLDER);
  await page.goto(`${server.origin}/last-version/index.html`);
  await page.waitForFunction(() => "visit" in window);
}

function visitLastVersion(page: Page, questions: readonly Question[]): Promise<Visit> {
  return page.evaluate((questions) => window.visit(questions), questions);
}

async function openThisVersion(page: Page, server: TestServer): Promise<void> {
  await page.goto(`${server.origin}/index.html`);
  await page.waitForFunction(() => "kit" in window);
}

/** Requests for files of the model, of either version. */
function modelRequests({ requests }: TestServer): string[] {
  return requests.filter((path) => /[.]onnx$|tokenizer|config[^/]*[.]json$/.test(path));
}

/** The two remembered answers, then the two new ones. */
function expectAllKnown({ answers, events, models }: Visit): void {
  expect(answers.slice(0, 2).map(({ text }) => text)).toEqual(last.answers);
  expect(answers.slice(0, 2)).toMatchObject([REMEMBERED, REMEMBERED]);
  expect(events).not.toContain("storage-degraded");
  expect(models).toMatchObject([{ isComplete: true }]);
}

test("what the last version has stored is found: model, answers and features", async ({
  kitPage,
  server,
}) => {
  await kitPage.evaluate(restoreOrigin, last.stored);
  server.requests.length = 0;
  const seen = await visit(kitPage, [...QUESTIONS, ...NEW_QUESTIONS]);
  expect(modelRequests(server)).toEqual([]);
  expectAllKnown(seen);
  expect(seen.answers[2]).toMatchObject(ABOUT_KNOWN_IMAGE);
  expect(seen.answers[3]!.preprocessMs).toBeGreaterThan(0);
});

test.describe("the last version itself", () => {
  test.skip(
    last.onnxRuntime !== onnxRuntime,
    `The scripts of the last version need onnxruntime-web ${last.onnxRuntime}, and ${onnxRuntime} is installed.`,
  );

  test("finds after a rollback what this version has stored, and this one what that wrote", async ({
    kitPage,
    server,
  }) => {
    await visit(kitPage, QUESTIONS);
    server.requests.length = 0;
    await openLastVersion(kitPage, server);
    const rolledBack = await visitLastVersion(kitPage, [...QUESTIONS, ...NEW_QUESTIONS]);
    expect(modelRequests(server)).toEqual([]);
    expectAllKnown(rolledBack);
    expect(rolledBack.answers[2]).toMatchObject(ABOUT_KNOWN_IMAGE);

    await openThisVersion(kitPage, server);
    const again = await visit(kitPage, [...QUESTIONS, ...NEW_QUESTIONS]);
    expect(modelRequests(server)).toEqual([]);
    expectAllKnown(again);
    expect(again.answers).toEqual(rolledBack.answers.map(({ text }) => ({ ...REMEMBERED, text })));
  });

  test(`works beside this version in another tab ${EXHAUSTIVE_TAG}`, async ({
    kitPage,
    context,
    server,
  }) => {
    const other = await context.newPage();
    await openLastVersion(other, server);
    const both = [...QUESTIONS, ...NEW_QUESTIONS];
    const [here, there] = await Promise.all([
      visit(kitPage, both),
      visitLastVersion(other, [...both].reverse()),
    ]);
    const texts = here.answers.map(({ text }) => text);
    expect(there.answers.map(({ text }) => text).reverse()).toEqual(texts);
    // One of the tabs has downloaded, for both.
    const asked = modelRequests(server).filter((path) => path.endsWith(".onnx"));
    expect(asked).toHaveLength(3);
    for (const { events } of [here, there]) expect(events).not.toContain("storage-degraded");

    server.requests.length = 0;
    for (const seen of [await visit(kitPage, both), await visitLastVersion(other, both)]) {
      expectAllKnown(seen);
      expect(seen.answers.map(({ text }) => text)).toEqual(texts);
    }
    expect(modelRequests(server)).toEqual([]);
  });
});
