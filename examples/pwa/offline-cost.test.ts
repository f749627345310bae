import { expect, test } from "vitest";
import { offlineCost } from "./offline-cost.ts";

const RUNTIMES = { wasm: 14_000, webgpu: 27_000 };
const REPORT = {
  isReady: false,
  missing: ["files", "code"],
  devices: ["wasm"],
  storedBytes: 0,
  totalBytes: 4_000,
} as const;

test("a first visit fetches the model and the runtime of its device", () => {
  expect(offlineCost(REPORT, RUNTIMES)).toEqual({
    missingModel: 4_000,
    missingCode: 14_000,
    missing: 18_000,
    total: 18_000,
  });
});

test("what is here already is not fetched again", () => {
  const report = { ...REPORT, storedBytes: 3_000 };
  expect(offlineCost(report, RUNTIMES)).toMatchObject({ missing: 15_000, total: 18_000 });
  expect(offlineCost({ ...report, missing: ["files"] }, RUNTIMES).missing).toBe(1_000);
});

test("nothing is missing when all is ready", () => {
  const report = { ...REPORT, isReady: true, missing: [], storedBytes: 4_000 };
  expect(offlineCost(report, RUNTIMES)).toMatchObject({ missing: 0, total: 18_000 });
});

test("two devices take two runtimes", () => {
  const report = { ...REPORT, devices: ["webgpu", "wasm"] } as const;
  expect(offlineCost(report, RUNTIMES).missingCode).toBe(41_000);
});
