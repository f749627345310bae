import { expect, it } from "vitest";

it("exports these names from the package, and importing does nothing", async () => {
  const before = Object.keys(globalThis);
  expect(Object.keys(await import("./index.ts")).sort()).toEqual([
    "CODE_CACHE",
    "DEFAULT_IMAGE_LIMITS",
    "DownloadControl",
    "METRIC_UNITS",
    "VlmError",
    "checkSupport",
    "chooseModel",
    "createModelLibrary",
    "createVlm",
    "fastvlm05b",
    "pinModel",
    "smolVlm",
  ]);
  expect(Object.keys(globalThis)).toEqual(before);
});

it("exports `startWorker` from the worker's entry", async () => {
  expect(Object.keys(await import("./worker.ts"))).toEqual(["startWorker"]);
});
