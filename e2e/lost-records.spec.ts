/** The database of the models is lost, as at times when a browser is killed; the private files are still there. */

import type { Page } from "@playwright/test";
import type { ModelDescriptor } from "@fastvlm-kit/web";
import { expect, NO_PRIVATE_FILES, notIn, test } from "./fixtures.ts";
import type { TestServer } from "./server/test-server.ts";
import {
  askedShards,
  CAPTION,
  expectWhole,
  loadAndCaption,
  SCENE,
  shardedModel,
} from "./stored-model.ts";

const KIB = 2 ** 10;

async function storeModel(page: Page): Promise<ModelDescriptor> {
  const model = await shardedModel(page, { shardBytes: 256 * KIB });
  expect(await loadAndCaption(page, model)).toBe(CAPTION);
  return model;
}

/** Loads and answers in a page that is opened again. Returns the shards that the server was asked for. */
async function visitAgain(page: Page, server: TestServer, model: ModelDescriptor) {
  await page.reload();
  await page.waitForFunction(() => "kit" in window);
  server.log.length = 0;
  const visit = await page.evaluate(
    async ({ model, scene }) => {
      const library = window.kit.openLibrary();
      const listed = await library.listModels();
      await library.dispose();
      const { vlm, metrics } = await window.kit.observe({ model });
      const { text } = await vlm.caption(scene, { cache: false });
      await vlm.dispose();
      const restored = metrics.filter(({ name }) => name === "vlm.storage.restored");
      return { listed, text, restored: restored.map(({ value }) => value) };
    },
    { model, scene: SCENE },
  );
  expect(visit.text).toBe(CAPTION);
  await expectWhole(page, model);
  return { ...visit, asked: askedShards(server, model) };
}

test(
  "a lost database, or lost records, cost no byte: the model is listed as before, and answers",
  notIn("webkit", NO_PRIVATE_FILES),
  async ({ kitPage, server }) => {
    const model = await storeModel(kitPage);
    const before = await kitPage.evaluate(async () => {
      const library = window.kit.openLibrary();
      const models = await library.listModels();
      await library.dispose();
      await window.kit.stored.loseDatabase();
      return models;
    });
    const afterDatabase = await visitAgain(kitPage, server, model);
    expect(afterDatabase.asked).toEqual([]);
    const { usedAt } = afterDatabase.listed[0]!;
    expect(afterDatabase.listed).toEqual([{ ...before[0]!, usedAt }]);
    expect(before).toMatchObject([{ id: model.id, isComplete: true }]);

    await kitPage.evaluate(async () => {
      const { stored } = window.kit;
      const keys = await stored.keys();
      await stored.delete(keys.filter((key) => /^(?:file|shard)\|/.test(key)));
    });
    const afterRecords = await visitAgain(kitPage, server, model);
    expect(afterRecords.asked).toEqual([]);
    expect(afterRecords.restored).toEqual([expect.any(Number)]);
  },
);

test(
  "a changed byte and a torn line of the journal cost only their shards, with the database lost",
  notIn("webkit", NO_PRIVATE_FILES),
  async ({ kitPage, server }) => {
    const model = await storeModel(kitPage);
    const missing = await kitPage.evaluate(async () => {
      const { stored } = window.kit;
      const torn = await stored.tearJournal();
      const shards = await stored.listShards();
      const flipped = shards.find(({ key, path }) => key !== torn && path.endsWith(".onnx"))!;
      const bytes = new Uint8Array(await (await stored.readPart(flipped.key)).arrayBuffer());
      bytes[1000]! ^= 1;
      await stored.overwritePart(flipped.key, bytes);
      await stored.loseDatabase();
      return [flipped, shards.find(({ key }) => key === torn)!];
    });
    const { asked } = await visitAgain(kitPage, server, model);
    const wanted = missing.map(({ path, index }) => `${path}#${String(index)}`);
    expect(asked.sort()).toEqual(wanted.sort());
  },
);
