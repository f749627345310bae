/** Suggests settings from what was measured on this device. */

import { countOf, histogramOf, lastOf, meanOf, percentileOf } from "../series/read-series.ts";
import type { Series } from "../series/series.ts";
import type { OpsSnapshot } from "../snapshot/snapshot.ts";
import type { PageFacts, Suggestion } from "./suggestion.ts";

/** Fewer calls than this are no reason to change anything. */
const MIN_CALLS = 10;
/** What a user takes for an answer at once. */
const TARGET_SECONDS = 0.5;
/** A wait that a user gives up. */
const LONGEST_WAIT_SECONDS = 10;

const COMPUTED = { "vlm.cached": false };

/**
 * Returns what to set otherwise, each with its reason; nothing where too little was measured, or all is well.
 *
 * @param facts default: those of this page
 * @example
 * const suggestions = optimizeConfiguration(await ops.snapshot());
 * const { options, callOptions } = applySuggestions(vlmOptions, suggestions);
 */
export function optimizeConfiguration(
  { totals }: Pick<OpsSnapshot, "totals">,
  facts: PageFacts = readPageFacts(),
): readonly Suggestion[] {
  return [
    ...adviseDevice(totals),
    ...adviseThreads(totals, facts),
    ...adviseDetail(totals),
    ...adviseCache(totals),
    ...adviseWorkers(totals, facts),
    ...adviseMemory(totals),
  ];
}

function readPageFacts(): PageFacts {
  return { isIsolated: globalThis.crossOriginIsolated, cores: navigator.hardwareConcurrency };
}

function adviseDevice(all: readonly Series[]): readonly Suggestion[] {
  const seconds = (device: string): number | undefined => {
    const calls = histogramOf(all, "vlm.call.duration", { ...COMPUTED, "vlm.device": device });
    return calls && calls.count >= MIN_CALLS ? percentileOf(calls, 0.5) : undefined;
  };
  const [gpu, cpu] = [seconds("webgpu"), seconds("wasm")];
  if (gpu !== undefined && cpu !== undefined && gpu > cpu * 1.2) {
    const reason = `The median answer took ${inWords(gpu)} on the GPU and ${inWords(cpu)} on the CPU.`;
    return [{ setting: "device", reason, options: { device: "wasm" } }];
  }
  const loads = countOf(all, "vlm.model.load.duration");
  const fallbacks = countOf(all, "vlm.backend.fallback", {
    "vlm.from": "webgpu",
    "vlm.reason": ["device-check-failed", "session-failed"],
  });
  if (fallbacks < 3 || fallbacks < loads * 0.9) return [];
  const reason = `WebGPU was turned down at ${fallbacks} of ${loads} loads. Without the attempt, loads are faster.`;
  return [{ setting: "device", reason, options: { device: "wasm" } }];
}

function adviseThreads(all: readonly Series[], facts: PageFacts): readonly Suggestion[] {
  const failed = countOf(all, "vlm.threads.fallback");
  if (failed >= 2) {
    const reason = `Threads did not start ${failed} times, and each time the load waited for them.`;
    return [{ setting: "threads", reason, options: { wasmThreads: 1 } }];
  }
  const onCpu = countOf(all, "vlm.call.duration", { ...COMPUTED, "vlm.device": "wasm" });
  if (onCpu < MIN_CALLS || facts.isIsolated || facts.cores < 2) return [];
  const reason = `${onCpu} answers were computed on one of ${facts.cores} cores. Serve the page with COOP and COEP, so that WebAssembly gets threads.`;
  return [{ setting: "threads", reason }];
}

function adviseDetail(all: readonly Series[]): readonly Suggestion[] {
  const calls = histogramOf(all, "vlm.call.duration", COMPUTED);
  const slow = percentileOf(calls, 0.95);
  const vision = meanOf(histogramOf(all, "vlm.vision.duration"));
  const whole = meanOf(calls);
  if (!calls || calls.count < MIN_CALLS || !slow || !vision || !whole) return [];
  if (slow <= TARGET_SECONDS || vision < whole / 2) return [];
  const share = Math.round((100 * vision) / whole);
  const reason = `95 % of the answers took up to ${inWords(slow)}, and ${share} % of that is the vision encoder. With fewer pixels it is faster.`;
  const callOptions = { detail: "auto", targetLatencyMs: TARGET_SECONDS * 1000 } as const;
  return [{ setting: "detail", reason, callOptions }];
}

function adviseCache(all: readonly Series[]): readonly Suggestion[] {
  const hits = countOf(all, "vlm.result_cache.hits");
  const misses = countOf(all, "vlm.result_cache.misses");
  const evictions = countOf(all, "vlm.model.cache.evictions");
  const quota = lastOf(all, "vlm.storage.quota");
  const suggestions: Suggestion[] = [];
  if (misses >= 200 && hits < misses / 200) {
    const reason = `${hits} of ${hits + misses} answers came from the cache. It takes room that nothing gains from.`;
    suggestions.push({ setting: "cache", reason, options: { cache: { maxResultBytes: 0 } } });
  }
  if (evictions >= 2 && quota !== undefined) {
    const maxModelBytes = Math.floor(quota / 2);
    const reason = `${evictions} times a model was deleted to make room, and has to be downloaded again. The browser allows ${Math.floor(quota / 1e9)} GB.`;
    suggestions.push({ setting: "cache", reason, options: { cache: { maxModelBytes } } });
  }
  return suggestions;
}

/** A second worker where it helps, and otherwise a limit for how many calls may wait. */
function adviseWorkers(all: readonly Series[], facts: PageFacts): readonly Suggestion[] {
  const waits = histogramOf(all, "vlm.queue.wait.duration");
  const wait = percentileOf(waits, 0.95);
  const call = meanOf(histogramOf(all, "vlm.call.duration", COMPUTED));
  if (!waits || waits.count < MIN_CALLS || !wait || !call || wait < LONGEST_WAIT_SECONDS) return [];
  const waited = `5 % of the calls waited for more than ${inWords(wait)}.`;
  // Threads and a GPU leave a second worker nothing to compute with: docs/pool.md has the figures.
  const onCpu = countOf(all, "vlm.call.duration", { ...COMPUTED, "vlm.device": "wasm" });
  const workers = lastOf(all, "vlm.pool.workers") ?? 1;
  if (onCpu >= MIN_CALLS && !facts.isIsolated && facts.cores >= 2 && workers < 2) {
    const reason = `${waited} This page computes on one of ${facts.cores} cores. A second worker takes another one, and loads the model again.`;
    return [{ setting: "workers", reason, options: { pool: { max: 2 } } }];
  }
  const maxQueue = Math.max(1, Math.floor(LONGEST_WAIT_SECONDS / call));
  const reason = `${waited} Refuse them at once, so that the app can say so.`;
  return [{ setting: "workers", reason, options: { maxQueue } }];
}

function adviseMemory(all: readonly Series[]): readonly Suggestion[] {
  const memory = lastOf(all, "vlm.page.memory");
  if (memory === undefined || memory < 1e9) return [];
  const reason = `The page takes ${(memory / 1e9).toFixed(1)} GB. Without calls for five minutes, the worker can go; the next call brings it back.`;
  return [{ setting: "memory", reason, options: { unloadAfterMs: 300_000 } }];
}

function inWords(seconds: number): string {
  return seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`;
}
