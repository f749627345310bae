/** Files come once; answers are remembered; a store that fails costs nothing but the memory of it. */

import { expect, NO_PRIVATE_FILES, notIn, onlyInChromium, test } from "./fixtures.ts";

const SCENE = "/scenes/scene-02.png";
const isModelFile = (path: string): boolean => path.endsWith(".onnx");

test("a second visit fetches no model file and answers the same question from the cache", async ({
  kitPage,
  server,
}) => {
  const first = await kitPage.evaluate(async (scene) => {
    const { observe, stored } = window.kit;
    const { vlm } = await observe();
    const result = await vlm.caption(scene);
    await stored.untilAnswers(1);
    return result;
  }, SCENE);
  expect(server.requests.filter(isModelFile)).toHaveLength(3);
  server.requests.length = 0;

  await kitPage.reload();
  await kitPage.waitForFunction(() => "kit" in window);
  const { again, other, uncached, progress } = await kitPage.evaluate(async (scene) => {
    const { observe } = window.kit;
    const { vlm, progress } = await observe();
    return {
      again: await vlm.caption(scene),
      other: await vlm.caption(scene, { preset: "detailed" }),
      uncached: await vlm.caption(scene, { cache: false }),
      progress: progress.at(-1)!,
    };
  }, SCENE);
  expect(server.requests.filter(isModelFile)).toHaveLength(0);
  expect(progress.cachedBytes).toBe(progress.totalBytes);
  expect(first.cached).toBe(false);
  expect(again).toMatchObject({
    cached: true,
    text: first.text,
    tokens: first.tokens,
    finishReason: first.finishReason,
  });
  expect(other.cached).toBe(false);
  expect(uncached).toMatchObject({ cached: false, text: first.text });
});

test("every store keeps every promise of a store", async ({ kitPage }) => {
  expect(await kitPage.evaluate(() => window.kit.checkStores())).toEqual({
    IndexedDB: [],
    "private files": [],
    "private files with journals": [],
  });
});

test(
  "weights lie in private files, one for each; results and records in IndexedDB",
  notIn("webkit", NO_PRIVATE_FILES),
  async ({ kitPage }) => {
    const { model, sizes } = await kitPage.evaluate(async (scene) => {
      const { observe, stored, tinyModel } = window.kit;
      const { vlm } = await observe();
      await vlm.caption(scene);
      return { model: tinyModel(), sizes: await stored.privateBytes() };
    }, SCENE);
    const [variant] = model.variants.filter(({ device }) => device === "wasm");
    const graphs = Object.values(variant!.graphs).map((path) => model.files[path]!.bytes);
    expect(sizes.sort()).toEqual(expect.arrayContaining(graphs));
  },
);

test("without private files the weights are kept in IndexedDB", async ({ kitPage, server }) => {
  const sizes = await kitPage.evaluate(async (scene) => {
    window.kit.breakWorkers("no-private-files");
    const { vlm } = await window.kit.observe();
    await vlm.caption(scene);
    return window.kit.stored.privateBytes();
  }, SCENE);
  expect(sizes).toEqual([]);
  server.requests.length = 0;
  await kitPage.evaluate(() => window.kit.observe().then(() => undefined));
  expect(server.requests.filter(isModelFile)).toHaveLength(0);
});

test("clearCache forgets results, or the model's files", async ({ kitPage, server }) => {
  const cached = await kitPage.evaluate(async (scene) => {
    const { vlm } = await window.kit.observe();
    await vlm.caption(scene);
    await vlm.clearCache();
    const { cached } = await vlm.caption(scene);
    await vlm.clearCache("models");
    await vlm.dispose();
    return cached;
  }, SCENE);
  expect(cached).toBe(false);
  server.requests.length = 0;
  await kitPage.evaluate(() => window.kit.observe().then(() => undefined));
  expect(server.requests.filter(isModelFile)).toHaveLength(3);
});

test("the same pixels in another file answer from the cache; one other pixel does not", async ({
  kitPage,
}) => {
  const { same, other } = await kitPage.evaluate(async (scene) => {
    const { fetchBlob, observe } = window.kit;
    const { vlm } = await observe();
    const blob = await fetchBlob(scene);
    await vlm.caption(blob);
    const bitmap = await createImageBitmap(blob);
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const context = canvas.getContext("2d")!;
    context.drawImage(bitmap, 0, 0);
    const same = await vlm.caption(canvas);
    context.fillStyle = "#fff";
    context.fillRect(100, 100, 1, 1);
    return { same: same.cached, other: (await vlm.caption(canvas)).cached };
  }, SCENE);
  expect(same).toBe(true);
  expect(other).toBe(false);
});

for (const fault of ["no-indexeddb", "broken-indexeddb"]) {
  test(`${fault}: goes on in memory, says so once, and fails no request`, async ({ kitPage }) => {
    const { first, second, events, metrics } = await kitPage.evaluate(
      async ({ scene, fault }) => {
        const { createFaultyWorker, observe } = window.kit;
        const { vlm, events, metrics } = await observe({ worker: () => createFaultyWorker(fault) });
        return {
          first: await vlm.caption(scene),
          second: await vlm.caption(scene),
          events,
          metrics,
        };
      },
      { scene: SCENE, fault },
    );
    expect(first.text).not.toBe("");
    expect(second.cached).toBe(true);
    expect(events.filter(({ type }) => type === "storage-degraded")).toHaveLength(1);
    expect(metrics.find(({ name }) => name === "vlm.storage.persisted")?.value).toBe(0);
  });
}

test(
  "no room for the weights: runs from memory and says so",
  onlyInChromium(
    "It sets the room of an origin, which only Chromium's protocol does for one page.",
  ),
  async ({ kitPage, server }) => {
    const cdp = await kitPage.context().newCDPSession(kitPage);
    await cdp.send("Storage.overrideQuotaForOrigin", { origin: server.origin, quotaSize: 500_000 });
    const { text, events } = await kitPage.evaluate(async (scene) => {
      const { vlm, events } = await window.kit.observe();
      return { text: (await vlm.caption(scene)).text, events };
    }, SCENE);
    expect(text).not.toBe("");
    expect(events.map(({ type }) => type)).toContain("storage-degraded");
  },
);

test(
  "site data cleared in mid-session costs nothing but the cache",
  onlyInChromium(
    "It clears the data of an origin, which only Chromium's protocol does in mid-session.",
  ),
  async ({ kitPage, server }) => {
    const cdp = await kitPage.context().newCDPSession(kitPage);
    const vlm = await kitPage.evaluateHandle(async (scene) => {
      const { vlm } = await window.kit.observe();
      await vlm.caption(scene);
      return vlm;
    }, SCENE);
    await cdp.send("Storage.clearDataForOrigin", { origin: server.origin, storageTypes: "all" });
    const text = await vlm.evaluate(
      async (vlm, scene) => (await vlm.caption(scene, { preset: "detailed" })).text,
      SCENE,
    );
    expect(text).not.toBe("");
  },
);
