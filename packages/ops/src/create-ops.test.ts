import type { EndedCall, Metric } from "@fastvlm-kit/web";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createOps } from "./create-ops.ts";
import type { Ops } from "./ops.ts";
import { countOf, histogramOf, percentileOf } from "./series/read-series.ts";
import type { AlertEvent } from "./alerts/alert-rule.ts";

const START = Date.UTC(2026, 0, 1, 12, 0, 30);

beforeEach(() => {
  vi.useFakeTimers({ now: START });
});

afterEach(() => {
  vi.useRealTimers();
});

function metric(name: Metric["name"], value: number, unit: Metric["unit"] = "1"): Metric {
  return { name, value, unit, attributes: { "gen_ai.request.model": "m" }, timestamp: 0 };
}

function call(change: Partial<EndedCall> = {}): EndedCall {
  return {
    startedAt: START,
    durationMs: 200,
    task: "brief",
    imageKinds: ["file"],
    outcome: "failed",
    errorType: "worker-crashed",
    ...change,
  };
}

const failed = (ops: Ops, errorType = "worker-crashed"): void => {
  ops.onEvent({ type: "call-ended", call: call({ errorType }) });
};

it("keeps what the SDK reports by minute, with the last calls", async () => {
  await using ops = createOps();
  ops.onMetric(metric("vlm.vision.duration", 0.2, "s"));
  failed(ops);
  await vi.advanceTimersByTimeAsync(60_000);
  failed(ops, "image-unreadable");
  const { minutes, totals, calls, isPersistent } = await ops.snapshot();
  expect(minutes.map(({ minute }) => minute)).toEqual([START - 30_000, START + 30_000]);
  expect(countOf(totals, "vlm.calls", { "vlm.outcome": "failed" })).toBe(1);
  expect(countOf(totals, "vlm.calls", { "vlm.outcome": "refused" })).toBe(1);
  expect(countOf(totals, "vlm.call.images", { "vlm.image.kind": "file" })).toBe(2);
  expect(percentileOf(histogramOf(totals, "vlm.vision.duration"), 0.95)).toBe(0.2);
  expect(calls.map(({ errorType }) => errorType)).toEqual(["worker-crashed", "image-unreadable"]);
  expect(isPersistent).toBe(false); // Node has no IndexedDB.
});

it("leaves minutes out that are not asked for", async () => {
  await using ops = createOps();
  failed(ops);
  await vi.advanceTimersByTimeAsync(2 * 3_600_000);
  expect((await ops.snapshot()).minutes).toEqual([]);
  expect((await ops.snapshot({ from: START })).minutes).toHaveLength(1);
});

it("tells of an alert that fires, and never throws what the app's callback throws", async () => {
  vi.stubGlobal("reportError", vi.fn());
  const events: AlertEvent[] = [];
  await using ops = createOps({
    onAlert: (event) => {
      events.push(event);
      throw new Error("the app's own bug");
    },
  });
  for (let n = 0; n < 11; n++) failed(ops);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(events).toMatchObject([{ type: "alert-fired", alert: { rule: "errors", value: 11 } }]);
  expect(ops.getActiveAlerts()).toHaveLength(1);
  expect(ops.acknowledgeAlert("errors")).toBe(true);
  await vi.advanceTimersByTimeAsync(65_000);
  expect(events.map(({ type }) => type)).toEqual(["alert-fired", "alert-cleared"]);
  expect(reportError).toHaveBeenCalledTimes(2);
  vi.unstubAllGlobals();
});

it("tells its listeners at most once a second, until they go", async () => {
  await using ops = createOps();
  const listener = vi.fn();
  const unsubscribe = ops.subscribe(listener);
  for (let n = 0; n < 50; n++) failed(ops);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(listener).toHaveBeenCalledTimes(1);
  failed(ops);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(listener).toHaveBeenCalledTimes(2);
  unsubscribe();
  failed(ops);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(listener).toHaveBeenCalledTimes(2);
});

it("leaves no timer behind", async () => {
  const ops = createOps();
  ops.subscribe(() => undefined);
  failed(ops);
  await ops.dispose();
  expect(vi.getTimerCount()).toBe(0);
});

it("profiles what happens between start and stop", async () => {
  await using ops = createOps();
  failed(ops);
  const profile = ops.startProfile("test");
  ops.onMetric(metric("vlm.vision.duration", 0.2, "s"));
  failed(ops);
  const report = profile.stop();
  failed(ops);
  expect(report.calls).toHaveLength(1);
  expect(report.stages).toEqual({ "vlm.vision.duration": { count: 1, totalMs: 200, maxMs: 200 } });
});
