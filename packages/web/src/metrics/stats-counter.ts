/** Adds up what a client reports, for `stats()`. It keeps a few dozen numbers, whatever happens. */

import type { Metric, MetricName } from "../protocol/metric.ts";
import type { EndedCall, Timings } from "../protocol/result.ts";
import type { DurationStats, VlmStats, WorkerStats } from "../protocol/stats.ts";

/** What is only known at the moment of the question. */
type StatsNow = Pick<VlmStats["queue"], "depth" | "longestWaitMs"> &
  Pick<VlmStats["memory"], "usedBytes"> & { readonly workers: readonly WorkerStats[] };

export interface StatsCounter {
  noteMetric(metric: Metric): void;
  noteCall(call: EndedCall): void;
  read(now: StatsNow): VlmStats;
}

export function createStatsCounter(startedAt: number): StatsCounter {
  const sums = new Map<MetricName, number>();
  const greatest = new Map<MetricName, number>();
  const latest = new Map<MetricName, number>();
  const durations: Partial<Record<keyof Timings, DurationStats>> = {};
  const errors: Record<string, number> = {};
  const calls = { answered: 0, cached: 0, failed: 0, aborted: 0 };
  const tokens = { input: 0, output: 0, decoded: 0, decodeMs: 0 };
  const sumOf = (name: MetricName): number => sums.get(name) ?? 0;

  const noteTimings = (timings: Timings): void => {
    for (const [stage, milliseconds] of Object.entries(timings) as [keyof Timings, number][]) {
      if (milliseconds === 0 && stage !== "queueMs") continue; // The call did not have this stage.
      const { count = 0, meanMs = 0, maxMs = 0 } = durations[stage] ?? {};
      durations[stage] = {
        count: count + 1,
        meanMs: meanMs + (milliseconds - meanMs) / (count + 1),
        maxMs: Math.max(maxMs, milliseconds),
      };
    }
  };

  return {
    noteMetric({ name, value }) {
      sums.set(name, sumOf(name) + value);
      greatest.set(name, Math.max(greatest.get(name) ?? 0, value));
      latest.set(name, value);
    },
    noteCall({ outcome, errorType = "_OTHER", result }) {
      calls[outcome] += 1;
      if (outcome === "failed") errors[errorType] = (errors[errorType] ?? 0) + 1;
      if (!result) return;
      tokens.input += result.tokens.image + result.tokens.prompt;
      tokens.output += result.tokens.output;
      if (result.cached) {
        calls.cached += 1;
        return;
      }
      noteTimings(result.timings);
      tokens.decoded += Math.max(0, result.tokens.output - 1);
      tokens.decodeMs += result.timings.decodeMs;
    },
    read({ depth, longestWaitMs, usedBytes, workers }) {
      const perSecond = tokens.decodeMs > 0 ? (tokens.decoded / tokens.decodeMs) * 1000 : 0;
      return {
        startedAt,
        calls: { ...calls, errors: { ...errors } },
        latency: { ...durations },
        tokens: { input: tokens.input, output: tokens.output, perSecond },
        cache: {
          resultHits: sumOf("vlm.result_cache.hits"),
          resultMisses: sumOf("vlm.result_cache.misses"),
          modelHits: sumOf("vlm.model.cache.hits"),
          modelMisses: sumOf("vlm.model.cache.misses"),
          modelCorruptions: sumOf("vlm.model.cache.corruptions"),
          modelEvictions: sumOf("vlm.model.cache.evictions"),
        },
        queue: {
          depth,
          maxDepth: greatest.get("vlm.queue.depth") ?? 0,
          refused: sumOf("vlm.queue.refused"),
          longestWaitMs,
        },
        worker: {
          restarts: sumOf("vlm.worker.restarts"),
          unloads: sumOf("vlm.worker.unloads"),
          fallbacks: sumOf("vlm.backend.fallback"),
          devicesLost: sumOf("vlm.device.lost"),
        },
        pool: {
          workers,
          loaded: workers.filter(({ state }) => state === "loaded").length,
          outstanding: sum(workers.map(({ outstanding }) => outstanding)),
          fileBytes: sum(workers.map(({ fileBytes }) => fileBytes)),
        },
        memory: { kvCacheBytes: latest.get("vlm.kv_cache.bytes") ?? 0, usedBytes },
      };
    },
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
