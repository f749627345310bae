import { expect, it } from "vitest";
import { createModelLibrary } from "../library/model-library.ts";
import type { StoredModel } from "../protocol/storage.ts";
import { createScriptedWorker } from "./fake-worker.ts";

const model = { id: "a/model", revision: "one", storedBytes: 100 } as unknown as StoredModel;

it("lists the models that a test has written, and deletes them", async () => {
  const other = { ...model, id: "another/model", storedBytes: 30 };
  const { worker } = createScriptedWorker({ models: [model, other] });
  const library = createModelLibrary({ worker });
  expect(await library.listModels()).toEqual([model, other]);
  expect(await library.storageUsage()).toMatchObject({ modelBytes: 130 });
  await library.deleteModel(model.id, model.revision);
  expect(await library.listModels()).toEqual([other]);
  await library.dispose();
});
