import { expect, it } from "vitest";
import type { CircuitReport } from "../serving/device-circuits.ts";
import type { ConditionName } from "../serving/health-log.ts";
import { toHealthReport, type HealthFacts } from "./health-report.ts";

const CLOSED: CircuitReport = { state: "closed", faults: 0, reason: undefined, retryAt: undefined };
const OPEN: CircuitReport = { state: "open", faults: 3, reason: "out-of-memory", retryAt: 9000 };
const NOW = Date.UTC(2026, 0, 2);

/** @param conditions what is worse than it could be, for a second */
function report(change: Partial<HealthFacts> = {}, ...conditions: readonly ConditionName[]) {
  const facts: HealthFacts = {
    model: { id: "test/model", revision: "1" },
    worker: "loaded",
    workers: [],
    device: "wasm",
    hasFallback: false,
    circuits: { webgpu: CLOSED, wasm: CLOSED },
    queue: { depth: 0, longestWaitMs: 0, max: Infinity },
    isPersisted: true,
    selfCheck: { at: NOW - 5000, seconds: 0.25 },
    selfCheckFailure: undefined,
    storage: { usage: 10, quota: 100 },
    memory: undefined,
    conditionOf: (name) =>
      conditions.includes(name) ? { since: NOW - 1000, output: `No ${name}.` } : undefined,
    ...change,
  };
  const { status, checks, ...rest } = toHealthReport(facts, NOW);
  const bad = Object.entries(checks).filter(([, [check]]) => check?.status !== "pass");
  return { status, checks, rest, bad: bad.map(([name, [check]]) => `${name} ${check!.status}`) };
}

it("passes where all is well, in the shape of the draft", () => {
  const { status, checks, rest, bad } = report();
  expect({ status, bad }).toEqual({ status: "pass", bad: [] });
  expect(rest).toMatchObject({ version: "1", releaseId: "test/model@1" });
  expect(checks["device:self-check"]).toEqual([
    {
      componentType: "component",
      status: "pass",
      observedValue: 250,
      observedUnit: "ms",
      time: "2026-01-01T23:59:55.000Z",
    },
  ]);
  expect(checks["storage:usage"]).toMatchObject([
    { componentType: "datastore", observedValue: 10 },
  ]);
  expect(checks["memory:usage"]).toBeUndefined(); // Nobody measured it.
  expect(JSON.parse(JSON.stringify(checks))).toEqual(checks);
});

it("warns of what is worse than it could be, and says since when", () => {
  const memory = { usedBytes: 5, maxBytes: 4 };
  const storage = { usage: 95, quota: 100 };
  const change = {
    hasFallback: true,
    memory,
    storage,
    isPersisted: false,
    worker: "none",
  } as const;
  const { status, checks, bad } = report(change, "fallback", "threads", "storage", "memory");
  expect(status).toBe("warn");
  expect(bad).toEqual([
    "model:readiness warn",
    "device:fallback warn",
    "device:threads warn",
    "storage:persistence warn",
    "storage:usage warn",
    "memory:usage warn",
  ]);
  expect(checks["device:fallback"]).toMatchObject([
    { observedValue: "wasm", output: "No fallback.", since: "2026-01-01T23:59:59.000Z" },
  ]);
});

it("warns of a full queue, and not of an empty one where no call may wait", () => {
  expect(report({ queue: { depth: 2, longestWaitMs: 9, max: 2 } }).bad).toEqual([
    "queue:depth warn",
  ]);
  expect(report({ queue: { depth: 0, longestWaitMs: 0, max: 0 } }).bad).toEqual([]);
});

it("fails where calls are refused, the device fails its check, or the client was disposed of", () => {
  const open = { worker: "none", circuits: { webgpu: CLOSED, wasm: OPEN } } as const;
  expect(report(open, "wasm")).toMatchObject({
    status: "fail",
    bad: ["model:readiness fail", "wasm:circuit warn"],
  });
  expect(report({ selfCheckFailure: "Wrong." })).toMatchObject({
    status: "fail",
    checks: { "device:self-check": [{ status: "fail", output: "Wrong." }] },
  });
  expect(report({ worker: "disposed" }).bad).toEqual([
    "worker:liveness fail",
    "model:readiness fail",
  ]);
});

it("warns only where the GPU is left alone, and another device answers", () => {
  const { status, bad } = report({ circuits: { webgpu: OPEN, wasm: CLOSED } }, "webgpu");
  expect({ status, bad }).toEqual({ status: "warn", bad: ["webgpu:circuit warn"] });
});

it("says what each worker of a pool does, and nothing of workers without one", () => {
  expect(report().checks["pool:workers"]).toBeUndefined();
  const { checks, status } = report({
    workers: [
      { name: "worker-1", state: "loaded", device: "wasm", outstanding: 1, fileBytes: 5 },
      { name: "worker-2", state: "starting", outstanding: 0, fileBytes: 0 },
    ],
  });
  expect(status).toBe("pass");
  expect(checks["pool:workers"]).toMatchObject([
    { componentId: "worker-1", observedValue: "loaded" },
    { componentId: "worker-2", observedValue: "starting" },
  ]);
  expect(checks["pool:outstanding"]).toMatchObject([
    { observedValue: 1, observedUnit: "calls" },
    { observedValue: 0 },
  ]);
  expect(checks["pool:files"]).toMatchObject([{ observedValue: 5, observedUnit: "bytes" }, {}]);
});
