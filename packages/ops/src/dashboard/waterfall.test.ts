import type { EndedCall } from "@fastvlm-kit/web";
import { expect, it } from "vitest";
import { toWaterfall } from "./waterfall.ts";

const NO_TIME = {
  queueMs: 0,
  imageDecodeMs: 0,
  preprocessMs: 0,
  visionMs: 0,
  prefillMs: 0,
  decodeMs: 0,
  timeToFirstTokenMs: 0,
  totalMs: 0,
};

const callOf = (durationMs: number, timings?: Partial<typeof NO_TIME>): EndedCall => ({
  startedAt: 0,
  durationMs,
  task: "brief",
  imageKinds: ["file"],
  outcome: timings ? "answered" : "failed",
  ...(timings && {
    result: {
      cached: false,
      confidence: { mean: 0.9, least: 0.5, firstTokenEntropy: 0.1 },
      device: "wasm",
      tokensPerSecond: 1,
      finishReason: "stop",
      tokens: { image: 1, prompt: 1, reused: 0, output: 1 },
      timings: { ...NO_TIME, ...timings },
    },
  }),
});

it("puts one stage after the other, and the page's own time first", () => {
  expect(toWaterfall(callOf(100, { visionMs: 30, decodeMs: 50 }))).toEqual([
    { stage: "page", startMs: 0, durationMs: 20 },
    { stage: "vision", startMs: 20, durationMs: 30 },
    { stage: "decode", startMs: 50, durationMs: 50 },
  ]);
});

it("has only the page's time for a call without a result", () => {
  expect(toWaterfall(callOf(8))).toEqual([{ stage: "page", startMs: 0, durationMs: 8 }]);
});

it("has no negative time where clocks differ", () => {
  expect(toWaterfall(callOf(10, { decodeMs: 12 }))).toEqual([
    { stage: "decode", startMs: 0, durationMs: 12 },
  ]);
});
