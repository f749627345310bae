import type { EndedCall, Metric } from "@fastvlm-kit/web";
import { expect, it } from "vitest";
import { toChromeTrace } from "./chrome-trace.ts";
import { createProfile } from "./profile.ts";

const START = 1_700_000_000_000;

function metric(name: Metric["name"], value: number, unit: Metric["unit"]): Metric {
  return { name, value, unit, attributes: {}, timestamp: START };
}

const CALL: EndedCall = {
  startedAt: START + 1000,
  durationMs: 130,
  task: "brief",
  imageKinds: ["file"],
  outcome: "answered",
  result: {
    cached: false,
    device: "wasm",
    finishReason: "stop",
    tokensPerSecond: 50,
    confidence: { mean: 0.9, least: 0.5, firstTokenEntropy: 0.1 },
    tokens: { image: 16, prompt: 20, reused: 0, output: 4 },
    timings: {
      queueMs: 10,
      imageDecodeMs: 0,
      preprocessMs: 5,
      visionMs: 40,
      prefillMs: 5,
      decodeMs: 60,
      timeToFirstTokenMs: 50,
      totalMs: 120,
    },
  },
};

function profiled() {
  let now = START;
  const profile = createProfile("first visit", () => now);
  now += 2000;
  profile.onMetric(metric("vlm.model.load.duration", 1.5, "s"));
  profile.onMetric(metric("vlm.vision.duration", 0.04, "s"));
  profile.onMetric(metric("vlm.vision.duration", 0.06, "s"));
  profile.onMetric(metric("vlm.result_cache.misses", 1, "1"));
  profile.onMetric(metric("vlm.model.download.bytes", 100, "By"));
  profile.onMetric(metric("vlm.model.download.bytes", 50, "By"));
  profile.onMetric(metric("vlm.kv_cache.bytes", 70, "By"));
  profile.onMetric(metric("vlm.kv_cache.bytes", 60, "By"));
  profile.onCall(CALL);
  return profile;
}

it("sums up stages, counts and bytes between its start and its stop", () => {
  const profile = profiled();
  const report = profile.stop();
  expect(report).toMatchObject({
    name: "first visit",
    startedAt: START,
    endedAt: START + 2000,
    stages: { "vlm.vision.duration": { count: 2, totalMs: 100, maxMs: 60 } },
    counts: { "vlm.result_cache.misses": 1 },
    bytes: { "vlm.model.download.bytes": 150, "vlm.kv_cache.bytes": 70 },
    calls: [CALL],
  });
  profile.onCall(CALL);
  expect(profile.stop()).toBe(report);
  expect(report.calls).toHaveLength(1);
});

it("draws a call with its stages below it, which end when it does", () => {
  const { spans } = profiled().stop();
  expect(spans.map(({ name, track }) => `${track} ${name}`)).toEqual([
    "model model.load",
    "calls brief",
    "stages queue",
    "stages preprocess",
    "stages vision",
    "stages prefill",
    "stages decode",
  ]);
  const last = spans.at(-1)!;
  expect(last.startedAt + last.durationMs).toBe(CALL.startedAt + CALL.durationMs);
});

it("writes a file in the Trace Event Format", () => {
  const { traceEvents } = JSON.parse(toChromeTrace(profiled().stop())) as {
    traceEvents: {
      ph: string;
      name: string;
      ts?: number;
      dur?: number;
      pid: number;
      tid?: number;
    }[];
  };
  const complete = traceEvents.filter(({ ph }) => ph === "X");
  expect(complete).toHaveLength(7);
  for (const { ts, dur, pid, tid } of complete) {
    expect([ts, dur, pid, tid].every(Number.isInteger)).toBe(true);
    expect(ts).toBeGreaterThanOrEqual(0);
  }
  expect(complete.find(({ name }) => name === "vision")).toMatchObject({
    ts: 1_025_000,
    dur: 40_000,
  });
  expect(traceEvents.filter(({ ph }) => ph === "M")).toHaveLength(4);
});
