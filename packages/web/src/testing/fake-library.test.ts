import { describe, expect, it } from "vitest";
import { createFakeLibrarySubject } from "../../test/contracts/fake-subject.ts";
import { checkOfLibrary, LIBRARY_CHECKS } from "../../test/contracts/library.ts";
import { checkSupport } from "../client/check-support.ts";
import { fakeModel } from "./fake-model.ts";
import { createScriptedWorker } from "./fake-worker.ts";

describe("a library with a fake worker keeps the contract of one with the real worker:", () => {
  it.each(Object.entries(LIBRARY_CHECKS))("%s", async (_, check) => {
    await checkOfLibrary(check, createFakeLibrarySubject());
  });
});

it("says what a test has written of how the worker is served", async () => {
  const { worker } = createScriptedWorker({ setup: { problems: ["wasm-blocked"] } });
  const model = fakeModel();
  const blocked = await checkSupport({ model, device: "wasm", worker });
  expect(blocked.problems).toMatchObject([{ reason: "wasm-blocked", isFatal: true }]);
  expect(blocked.isSupported).toBe(false);

  const isolated = createScriptedWorker({ setup: { isIsolated: true } });
  const { hasThreads } = await checkSupport({ model, device: "wasm", worker: isolated.worker });
  expect(hasThreads).toBe(true);
});
