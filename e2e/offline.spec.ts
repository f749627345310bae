/** Getting ready for a visit without a network, and promising that nothing goes out. */

import { readdirSync, readFileSync } from "node:fs";
import { expect, PAGES_FOLDER, test } from "./fixtures.ts";

test("prepareOffline brings files and code, says how far it is, and has nothing to do again", async ({
  kitPage,
  server,
}) => {
  const { before, prepared, after, progress, code } = await kitPage.evaluate(async () => {
    const { openLibrary, tinyModel } = window.kit;
    // WebKit drops a Cache of a private window while nobody has it open.
    const cache = await caches.open("fastvlm-kit-code");
    const library = openLibrary();
    const model = tinyModel();
    const progress: { loadedBytes: number; totalBytes: number }[] = [];
    const before = await library.checkOffline(model);
    const prepared = await library.prepareOffline(model, {
      onProgress: (one) => progress.push(one),
    });
    const after = await library.isOfflineReady(model);
    const code = (await cache.keys()).map(({ url }) => url);
    await library.dispose();
    return { before, prepared, after, progress, code };
  });
  expect(before).toMatchObject({ isReady: false, missing: ["files", "code"], storedBytes: 0 });
  expect(prepared).toMatchObject({ isReady: true, missing: [], devices: ["wasm"] });
  expect(prepared.storedBytes).toBe(prepared.totalBytes);
  expect(after).toBe(true);
  expect(progress[0]).toMatchObject({ loadedBytes: 0, totalBytes: prepared.totalBytes });
  expect(progress.at(-1)).toMatchObject({ loadedBytes: prepared.totalBytes });
  const names = code.map((url) => new URL(url).pathname);
  for (const part of [
    /vlm\.worker-.*\.js$/,
    /loaded-model-.*\.js$/,
    /ort\.wasm.*\.js$/,
    /\.wasm$/,
  ]) {
    expect(
      names.some((name) => part.test(name)),
      String(part),
    ).toBe(true);
  }
  expect(names.some((name) => name.endsWith(".onnx"))).toBe(false);

  server.requests.length = 0;
  await kitPage.evaluate(async () => {
    const library = window.kit.openLibrary();
    await library.prepareOffline(window.kit.tinyModel());
    await library.dispose();
  });
  expect(server.requests.filter((path) => /\.(onnx|wasm|json)$/.test(path))).toEqual([]);
});

test('network: "none" loads what is stored, refuses what is not, and lets nothing out', async ({
  kitPage,
  server,
}) => {
  const forbidden = await kitPage.evaluate(() =>
    window.kit.failureOf(() => window.kit.observe({ network: "none" })),
  );
  expect(forbidden).toMatchObject({ code: "network-forbidden" });
  expect(forbidden.message).toMatch(/is not stored.*prepareOffline/);

  const vlm = await kitPage.evaluateHandle(async () => {
    const library = window.kit.openLibrary();
    await library.prepareOffline(window.kit.tinyModel());
    await library.dispose();
    return (await window.kit.observe({ network: "none" })).vlm;
  });
  const picture = await kitPage.evaluateHandle(() => window.kit.fetchBlob("/scenes/scene-01.png"));
  server.requests.length = 0;
  const { text, byBlobUrl, byUrl } = await vlm.evaluate(async (vlm, picture) => {
    const url = URL.createObjectURL(picture);
    return {
      text: (await vlm.caption(picture)).text,
      byBlobUrl: (await vlm.caption(url)).text,
      byUrl: await window.kit.failureOf(() => vlm.caption("/scenes/scene-02.png")),
    };
  }, picture);
  expect(text).toBe(byBlobUrl);
  expect(byUrl).toMatchObject({ code: "network-forbidden" });
  expect(server.requests).toEqual([]);
});

test("the code of the last two builds is kept, and older code is removed", async ({
  kitPage,
  server,
}) => {
  const assets = `${PAGES_FOLDER}assets/`;
  const worker = readdirSync(assets).find((name) => name.startsWith("vlm.worker"))!;
  const builds = ["first", "second", "third"].map((build) => `/assets/${build}.js`);
  for (const path of builds) server.replace(path, readFileSync(assets + worker));
  const { names, isReady } = await kitPage.evaluate(async (builds) => {
    const { openLibrary, tinyModel } = window.kit;
    const cache = await caches.open("fastvlm-kit-code");
    let isReady = false;
    for (const build of builds) {
      const library = openLibrary({ worker: () => new Worker(build, { type: "module" }) });
      await library.prepareOffline(tinyModel());
      isReady = await library.isOfflineReady(tinyModel());
      await library.dispose();
    }
    const names = (await cache.keys()).map(({ url }) => new URL(url).pathname);
    return { names, isReady };
  }, builds);
  expect(isReady).toBe(true);
  expect(names).not.toContain(builds[0]);
  expect(names).toEqual(expect.arrayContaining(builds.slice(1)));
  expect(names.filter((name) => name.endsWith(".wasm"))).toHaveLength(1);
});

test("code that is not served is a typed error, and the weights stay", async ({
  kitPage,
  server,
}) => {
  server.faults.push({ path: "/assets/loaded-model-", kind: "status", status: 404 });
  const { prepare, load, report } = await kitPage.evaluate(async () => {
    const { failureOf, observe, openLibrary, tinyModel } = window.kit;
    const library = openLibrary();
    const prepare = await failureOf(() => library.prepareOffline(tinyModel()));
    const load = await failureOf(() => observe());
    const report = await library.checkOffline(tinyModel());
    await library.dispose();
    return { prepare, load, report };
  });
  const missing = { code: "start-failed", details: { reason: "script-missing", status: 404 } };
  expect(prepare).toMatchObject(missing);
  expect(load).toMatchObject(missing);
  expect(report).toMatchObject({ isReady: false, missing: ["code"] });
});
