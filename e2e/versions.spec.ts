/** Several revisions side by side: replaced while one serves, rolled back, shared out, and left alone. */

import { expect, test } from "./fixtures.ts";

const SCENE = "/scenes/scene-02.png";

test("updateModel switches while the old revision serves; rollBack needs no network", async ({
  kitPage,
  server,
}) => {
  const { during, after, models } = await kitPage.evaluate(async (scene) => {
    const { observe, openLibrary, tinyModel } = window.kit;
    const firstLoad = new AbortController();
    const { vlm } = await observe({ signal: firstLoad.signal });
    firstLoad.abort(); // Like a timeout of the first load: later ones are not its business.
    const next = { ...tinyModel({ precision: "fp16" }), revision: "b".repeat(40) };
    const asked = vlm.caption(scene, { cache: false });
    const updating = vlm.updateModel(next);
    const during = [(await asked).model.revision, vlm.model.revision];
    await updating;
    const answer = await vlm.caption(scene, { cache: false });
    const library = openLibrary();
    const models = await library.listModels();
    await library.dispose();
    const window_ = window as unknown as { vlm: typeof vlm };
    window_.vlm = vlm;
    return { during, after: { model: answer.model, text: answer.text }, models };
  }, SCENE);
  expect(new Set(during).size).toBe(1);
  expect(during[0]).not.toBe("b".repeat(40));
  expect(after.model).toMatchObject({ revision: "b".repeat(40), variant: "fp16" });
  expect(after.text).not.toBe("");
  expect(models.map(({ revision, isComplete }) => [revision, isComplete])).toEqual([
    ["b".repeat(40), true],
    [during[0], true],
  ]);

  server.requests.length = 0;
  const back = await kitPage.evaluate(async (scene) => {
    const { vlm } = window as unknown as { vlm: import("@fastvlm-kit/web").Vlm };
    await vlm.rollBack();
    return (await vlm.caption(scene, { cache: false })).model.revision;
  }, SCENE);
  expect(back).toBe(during[0]);
  expect(server.requests.filter((path) => path.endsWith(".onnx"))).toEqual([]);
});

test("an update that fails changes nothing", async ({ kitPage, server }) => {
  server.faults.push({ path: "decoder_model_merged-", kind: "status", status: 404 });
  const { error, text, revision, back } = await kitPage.evaluate(async (scene) => {
    const { failureOf, observe, tinyModel } = window.kit;
    const { vlm } = await observe();
    const before = vlm.model.revision;
    const next = { ...tinyModel({ precision: "fp16" }), revision: "b".repeat(40) };
    return {
      error: await failureOf(() => vlm.updateModel(next)),
      text: (await vlm.caption(scene)).text,
      revision: vlm.model.revision === before,
      back: await failureOf(() => vlm.rollBack()),
    };
  }, SCENE);
  expect(error).toMatchObject({ code: "download-failed", details: { status: 404 } });
  expect(text).not.toBe("");
  expect(revision).toBe(true);
  expect(back).toMatchObject({ name: "InvalidStateError" });
});

test("the choice between models is an attribute of every metric", async ({ kitPage }) => {
  const { names, cohorts } = await kitPage.evaluate(async (scene) => {
    const { chooseModel, observe, tinyModel } = window.kit;
    const model = chooseModel("user-1", [
      { name: "small", model: tinyModel({ precision: "int8" }), share: 1 },
      { name: "large", model: tinyModel({ precision: "fp16" }), share: 0 },
    ]);
    const { vlm, metrics } = await observe({ model });
    await vlm.caption(scene);
    // Metrics come on a port of their own.
    while (!metrics.some(({ name }) => name === "gen_ai.client.operation.duration")) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const ofModel = metrics.filter(({ attributes }) => "gen_ai.request.model" in attributes);
    return {
      names: ofModel.map(({ name }) => name),
      cohorts: [...new Set(ofModel.map(({ attributes }) => attributes["vlm.cohort"]))],
    };
  }, SCENE);
  expect(names).toContain("gen_ai.client.operation.duration");
  expect(names).toContain("vlm.model.load.duration");
  expect(cohorts).toEqual(["small"]);
});

test("what a newer kit has stored is left alone", async ({ kitPage, server }) => {
  const { text, events, kept } = await kitPage.evaluate(async (scene) => {
    const { observe } = window.kit;
    /** The whole content of the models' database. */
    const open = (): Promise<IDBDatabase> =>
      new Promise((resolve, reject) => {
        const request = indexedDB.open("fastvlm-kit-models");
        request.onupgradeneeded = () => request.result.createObjectStore("entries");
        request.onsuccess = () => {
          resolve(request.result);
        };
        request.onerror = () => {
          reject(request.error!);
        };
      });
    const database = await open();
    const write = database.transaction("entries", "readwrite");
    write.objectStore("entries").put(99, "schema");
    write.objectStore("entries").put("of the future", "model|x");
    await new Promise((resolve) => (write.oncomplete = resolve));
    database.close();

    const { vlm, events } = await observe();
    const { text } = await vlm.caption(scene);
    await vlm.clearCache("all");
    await vlm.dispose();
    const again = await open();
    const read = again.transaction("entries").objectStore("entries");
    const [keys, values] = [read.getAllKeys(), read.getAll()];
    await new Promise((resolve) => (values.onsuccess = resolve));
    again.close();
    return { text, events, kept: [keys.result, values.result] };
  }, SCENE);
  expect(text).not.toBe("");
  expect(events.filter(({ type }) => type === "storage-degraded")).toHaveLength(1);
  expect(kept).toEqual([
    ["model|x", "schema"],
    ["of the future", 99],
  ]);
  expect(server.requests.filter((path) => path.endsWith(".onnx"))).toHaveLength(3);
});
