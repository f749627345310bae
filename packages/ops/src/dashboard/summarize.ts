/** Numbers of a snapshot that a dashboard shows: the most important ones, latencies by stage, errors, caches. */

import { countOf, histogramOf, lastOf, listSeries, percentileOf } from "../series/read-series.ts";
import type { HistogramSeries, Series } from "../series/series.ts";
import type { OpsSnapshot } from "../snapshot/snapshot.ts";

const MINUTE_MS = 60_000;

/** Undefined where nothing was measured. */
export interface Summary {
  /** A minute, over the minutes in which anything was measured. */
  readonly callsPerMinute: number | undefined;
  readonly calls: number;
  /** Of the calls that the caller did not give up, and whose input was not at fault. */
  readonly successShare: number | undefined;
  readonly latency: Percentiles | undefined;
  readonly tokensPerSecond: number | undefined;
  /** How likely the model thought the words of half of its answers, and those of its least sure ones; 0 to 1. */
  readonly confidence: { readonly p5: number | undefined; readonly p50: number | undefined };
  readonly cacheHitShare: number | undefined;
  readonly memoryBytes: number | undefined;
  /** Of the whole origin; so is the quota. */
  readonly storageBytes: number | undefined;
  readonly quotaBytes: number | undefined;
}

/** In seconds, unless it is said otherwise. */
export interface Percentiles {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

export function summarize({ totals, minutes }: OpsSnapshot): Summary {
  const [first, last] = [minutes[0], minutes.at(-1)];
  const span = first && last ? (last.minute - first.minute) / MINUTE_MS + 1 : 0;
  const calls = countOf(totals, "vlm.calls");
  const answered = countOf(totals, "vlm.calls", { "vlm.outcome": "answered" });
  const failed = countOf(totals, "vlm.calls", { "vlm.outcome": "failed" });
  const [hits, misses] = [
    countOf(totals, "vlm.result_cache.hits"),
    countOf(totals, "vlm.result_cache.misses"),
  ];
  const confidence = histogramOf(totals, "vlm.confidence.mean");
  return {
    calls,
    callsPerMinute: span > 0 ? calls / span : undefined,
    successShare: shareOf(answered, answered + failed),
    latency: toPercentiles(histogramOf(totals, "vlm.call.duration")),
    tokensPerSecond: percentileOf(histogramOf(totals, "vlm.call.speed"), 0.5),
    confidence: { p5: percentileOf(confidence, 0.05), p50: percentileOf(confidence, 0.5) },
    cacheHitShare: shareOf(hits, hits + misses),
    memoryBytes: lastOf(totals, "vlm.page.memory"),
    storageBytes: lastOf(totals, "vlm.storage.usage", { "vlm.scope": "origin" }),
    quotaBytes: lastOf(totals, "vlm.storage.quota"),
  };
}

/** Stages of a call and of a load, in their order, with the metric that says how long each takes. */
const STAGES = [
  ["Whole call", "vlm.call.duration"],
  ["Wait in the queue", "vlm.queue.wait.duration"],
  ["Decode the image", "vlm.image.decode.duration"],
  ["Prepare the image", "vlm.preprocess.duration"],
  ["Vision encoder", "vlm.vision.duration"],
  ["Prefill", "vlm.prefill.duration"],
  ["First token", "gen_ai.client.operation.time_to_first_chunk"],
  ["Decode", "vlm.decode.duration"],
  ["Each token", "gen_ai.client.operation.time_per_output_chunk"],
  ["Load the model", "vlm.model.load.duration"],
  ["Download the model", "vlm.model.download.duration"],
  ["Check the device", "vlm.self_check.duration"],
] as const;

/** Only stages that were measured. */
export function listStages(totals: readonly Series[]): readonly (Percentiles & { name: string })[] {
  return STAGES.flatMap(([name, metric]) => {
    const percentiles = toPercentiles(histogramOf(totals, metric));
    return percentiles ? [{ name, ...percentiles }] : [];
  });
}

export interface Count {
  readonly name: string;
  readonly count: number;
}

/** Calls that were not answered, by the type of their error; the most frequent ones first. */
export function listErrors(totals: readonly Series[]): readonly (Count & { outcome: string })[] {
  const errors = new Map<string, Count & { outcome: string }>();
  for (const series of listSeries(totals, "vlm.calls")) {
    const name = series.attributes["error.type"];
    if (typeof name !== "string" || series.kind !== "counter") continue;
    const outcome = String(series.attributes["vlm.outcome"]);
    const count = (errors.get(name)?.count ?? 0) + series.value;
    errors.set(name, { name, count, outcome });
  }
  return [...errors.values()].sort((a, b) => b.count - a.count);
}

/** Things that happen to caches, and to workers and devices. */
const CACHE_COUNTERS = [
  ["Remembered answers used", "vlm.result_cache.hits"],
  ["Answers computed", "vlm.result_cache.misses"],
  ["Model files found stored", "vlm.model.cache.hits"],
  ["Model files fetched", "vlm.model.cache.misses"],
  ["Damaged shards", "vlm.model.cache.corruptions"],
  ["Models deleted for room", "vlm.model.cache.evictions"],
] as const;

const WORKER_COUNTERS = [
  ["Workers restarted", "vlm.worker.restarts"],
  ["Moved to another device", "vlm.backend.fallback"],
  ["Moved to one thread", "vlm.threads.fallback"],
  ["GPUs lost", "vlm.device.lost"],
  ["Changes of circuit breakers", "vlm.circuit.changes"],
  ["Calls refused by a full queue", "vlm.queue.refused"],
  ["Workers ended while idle", "vlm.worker.unloads"],
  ["Times that memory was scarce", "vlm.memory.pressure"],
  ["Messages refused", "vlm.messages.refused"],
  ["Images refused", "vlm.image.rejected"],
] as const;

export function countCaches(totals: readonly Series[]): readonly Count[] {
  return CACHE_COUNTERS.map(([name, metric]) => ({ name, count: countOf(totals, metric) }));
}

export function countWorkers(totals: readonly Series[]): readonly Count[] {
  return WORKER_COUNTERS.map(([name, metric]) => ({ name, count: countOf(totals, metric) }));
}

function toPercentiles(histogram: HistogramSeries | undefined): Percentiles | undefined {
  const [p50, p95, p99] = [0.5, 0.95, 0.99].map((share) => percentileOf(histogram, share));
  if (!histogram || p50 === undefined || p95 === undefined || p99 === undefined) return undefined;
  return { count: histogram.count, p50, p95, p99 };
}

function shareOf(part: number, whole: number): number | undefined {
  return whole === 0 ? undefined : part / whole;
}
