import { PerformanceObserver, type PerformanceEntry } from "node:perf_hooks";
import { expect, it } from "vitest";
import type { Metric } from "../protocol/metric.ts";
import { measureOnTimeline } from "./performance-timeline.ts";

function metric(change: Partial<Metric>): Metric {
  return {
    name: "vlm.vision.duration",
    value: 0.5,
    unit: "s",
    attributes: { "vlm.device": "wasm" },
    timestamp: performance.timeOrigin + 2000,
    ...change,
  };
}

async function observe(...metrics: readonly Metric[]): Promise<PerformanceEntry[]> {
  const entries: PerformanceEntry[] = [];
  const observer = new PerformanceObserver((list) => entries.push(...list.getEntries()));
  observer.observe({ type: "measure" });
  for (const one of metrics) measureOnTimeline(one);
  await new Promise((resolve) => setTimeout(resolve, 20));
  observer.disconnect();
  return entries;
}

it("draws a duration to where it was, for observers, and leaves no entry behind", async () => {
  const [entry] = await observe(metric({}));
  expect(entry).toMatchObject({ name: "vlm:vision", detail: { "vlm.device": "wasm" } });
  expect(entry!.startTime).toBeCloseTo(1500, 3);
  expect(entry!.duration).toBeCloseTo(500, 3);
  expect(performance.getEntriesByName("vlm:vision")).toEqual([]);
});

it("draws what began before the page did from the page's beginning", async () => {
  const [entry] = await observe(metric({ value: 60 }));
  expect(entry!.startTime).toBe(0);
  expect(entry!.duration).toBeCloseTo(2000, 3);
});

it("draws nothing but the kit's own durations", async () => {
  const entries = await observe(
    metric({ name: "vlm.model.download.bytes", unit: "By" }),
    metric({ name: "gen_ai.client.operation.duration" }),
  );
  expect(entries).toEqual([]);
});
