import type { EndedCall, Metric } from "@fastvlm-kit/web";
import { describe, expect, it } from "vitest";
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
  profile.onMetric(metric("vlm.gpu.dispatches", 900, "1"));
  profile.onMetric(metric("vlm.gpu.dispatches", 700, "1"));
  profile.onMetric(metric("vlm.gpu.read.bytes", 12, "By"));
  profile.onMetric(metric("vlm.gpu.read.bytes", 24, "By"));
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
    counts: { "vlm.result_cache.misses": 1, "vlm.gpu.dispatches": 1600 },
    bytes: { "vlm.model.download.bytes": 150, "vlm.kv_cache.bytes": 70, "vlm.gpu.read.bytes": 36 },
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

describe("the trace file", () => {
  const profile = profiled();
  // Calls that were made while others were answered.
  for (const [delay, durationMs] of [
    [10, 200],
    [20, 300],
    [140, 100],
  ] as const) {
    profile.onCall({ ...CALL, startedAt: CALL.startedAt + delay, durationMs });
  }
  const { traceEvents } = JSON.parse(toChromeTrace(profile.stop())) as {
    traceEvents: readonly TraceEvent[];
  };

  it("has what the Trace Event Format asks of each kind of event, and nothing else", () => {
    for (const event of traceEvents) expect(faultsOf(event), JSON.stringify(event)).toEqual([]);
    const count = (kind: string): number => traceEvents.filter(({ ph }) => ph === kind).length;
    expect([count("X"), count("C")]).toEqual([25, 4]);
    const named = traceEvents.filter(({ ph }) => ph === "M").map(({ tid }) => tid);
    const used = traceEvents.filter(({ ph }) => ph === "X").map(({ tid }) => tid);
    expect(new Set(named)).toEqual(new Set([undefined, ...used]));
  });

  it("has no two spans on one thread that cross: one contains the other, or comes after it", () => {
    const spans = traceEvents.filter(({ ph }) => ph === "X");
    const crossing = spans.flatMap((one) =>
      spans.filter((other) => {
        if (one.tid !== other.tid || other.ts! <= one.ts!) return false;
        const [end, otherEnd] = [one.ts! + one.dur!, other.ts! + other.dur!];
        return other.ts! < end && otherEnd > end;
      }),
    );
    expect(crossing).toEqual([]);
    const threads = traceEvents.filter(({ name }) => name === "thread_name");
    expect(threads.map(({ args }) => args!["name"])).toContain("calls 2");
  });

  it("has a call's stages at their times, and what the GPU did as counters", () => {
    expect(traceEvents.find(({ name }) => name === "vision")).toMatchObject({
      ts: 1_025_000,
      dur: 40_000,
    });
    expect(traceEvents.filter(({ name }) => name === "vlm.gpu.dispatches")).toMatchObject([
      { ph: "C", ts: 2_000_000, args: { value: 900 } },
      { ph: "C", ts: 2_000_000, args: { value: 700 } },
    ]);
  });
});

interface TraceEvent {
  readonly ph: string;
  readonly name: string;
  readonly ts?: number;
  readonly dur?: number;
  readonly tid?: number;
  readonly args?: Readonly<Record<string, unknown>>;
}

const isText = (value: unknown): boolean => typeof value === "string" && value !== "";
const isId = (value: unknown): boolean => Number.isSafeInteger(value);
const isTime = (value: unknown): boolean => Number.isFinite(value) && (value as number) >= 0;
const isPlain = (value: unknown): boolean => ["string", "number", "boolean"].includes(typeof value);
const isArguments = (value: unknown): boolean =>
  typeof value === "object" && value !== null && Object.values(value).every(isPlain);

/** Fields of each kind of event, as the document "Trace Event Format" (2016) describes them. */
const FIELDS: Readonly<Record<string, Readonly<Record<string, (value: unknown) => boolean>>>> = {
  // Complete events.
  X: {
    ...{ name: isText, cat: isText, ph: isText, ts: isTime, dur: isTime },
    ...{ pid: isId, tid: isId, args: isArguments },
  },
  // Counters: each argument is a series, and a number.
  C: {
    ...{ name: isText, cat: isText, ph: isText, ts: isTime, pid: isId },
    args: (value) =>
      isArguments(value) &&
      Object.keys(value as object).length > 0 &&
      Object.values(value as object).every(Number.isFinite),
  },
  // Metadata: names of the process and of its threads.
  M: {
    ...{ name: (value) => value === "process_name" || value === "thread_name", ph: isText },
    ...{ pid: isId, tid: (value) => value === undefined || isId(value) },
    args: (value) => isArguments(value) && isText((value as { name?: unknown }).name),
  },
};

/** Names of the fields that are wrong, missing or not of this kind of event. */
function faultsOf(event: TraceEvent): readonly string[] {
  const fields = FIELDS[event.ph] ?? {};
  const given = event as unknown as Record<string, unknown>;
  const names = new Set([...Object.keys(fields), ...Object.keys(given)]);
  return [...names].filter((name) => fields[name]?.(given[name]) !== true);
}
