import { expect, it } from "vitest";
import { makeResult } from "../../test/results.ts";
import { METRIC_UNITS, type MetricName } from "../protocol/metric.ts";
import type { VlmResult } from "../protocol/result.ts";
import { toAnsweredCall, toUnansweredCall } from "./ended-call.ts";
import { createStatsCounter } from "./stats-counter.ts";

const BEGUN = { startedAt: 1, task: "brief", imageKinds: [] } as const;
const NOW = { depth: 1, longestWaitMs: 7, usedBytes: 9, workers: [] };

function count() {
  const counter = createStatsCounter(5);
  const metric = (name: MetricName, ...values: number[]): void => {
    for (const value of values) {
      counter.noteMetric({ name, value, unit: METRIC_UNITS[name], attributes: {}, timestamp: 0 });
    }
  };
  const answer = (change: Partial<VlmResult> = {}): void => {
    counter.noteCall(toAnsweredCall(BEGUN, 1, makeResult(change)));
  };
  return { counter, metric, answer };
}

it("is all zeros before anything has happened, and plain JSON", () => {
  const stats = count().counter.read({ depth: 0, longestWaitMs: 0, usedBytes: 0, workers: [] });
  expect(stats).toMatchObject({ startedAt: 5, latency: {}, calls: { answered: 0, errors: {} } });
  expect(JSON.parse(JSON.stringify(stats))).toEqual(stats);
});

it("counts how calls ended, and the stages of those that were computed", () => {
  const { counter, answer } = count();
  const { timings } = makeResult();
  answer();
  answer({ timings: { ...timings, queueMs: 0, visionMs: 0, decodeMs: 12 } });
  answer({ cached: true });
  counter.noteCall(toUnansweredCall(BEGUN, 1, new TypeError("no"), false));
  counter.noteCall(toUnansweredCall(BEGUN, 1, new TypeError("no"), true));
  const { calls, latency, tokens } = counter.read(NOW);
  expect(calls).toEqual({
    answered: 3,
    cached: 1,
    failed: 1,
    aborted: 1,
    errors: { TypeError: 1 },
  });
  expect(latency.queueMs).toEqual({ count: 2, meanMs: 0.5, maxMs: 1 });
  expect(latency.visionMs).toEqual({ count: 1, meanMs: 4, maxMs: 4 }); // The other one had no vision.
  expect(latency.decodeMs).toEqual({ count: 2, meanMs: 9, maxMs: 12 });
  // Three tokens after the first, in 6 and in 12 ms.
  expect(tokens).toEqual({ input: 3 * 276, output: 12, perSecond: (6 / 18) * 1000 });
});

it("adds up what metrics count, and keeps the last of those that are states", () => {
  const { counter, metric } = count();
  metric("vlm.result_cache.hits", 1, 1);
  metric("vlm.queue.depth", 1, 4, 2);
  metric("vlm.queue.refused", 1);
  metric("vlm.worker.restarts", 1, 1, 1);
  metric("vlm.kv_cache.bytes", 100, 60);
  expect(counter.read(NOW)).toMatchObject({
    cache: { resultHits: 2, resultMisses: 0 },
    queue: { depth: 1, maxDepth: 4, refused: 1, longestWaitMs: 7 },
    worker: { restarts: 3, unloads: 0 },
    memory: { kvCacheBytes: 60, usedBytes: 9 },
  });
});

it("adds up the workers that there are", () => {
  const workers = [
    { name: "worker-1", state: "loaded", device: "wasm", outstanding: 1, fileBytes: 100 },
    { name: "worker-2", state: "starting", outstanding: 0, fileBytes: 0 },
    { name: "worker-3", state: "loaded", device: "wasm", outstanding: 1, fileBytes: 100 },
  ] as const;
  const { pool } = count().counter.read({ ...NOW, workers });
  expect(pool).toEqual({ workers, loaded: 2, outstanding: 2, fileBytes: 200 });
});
