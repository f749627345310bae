/** What happened between two moments: stages, counts, bytes, and a span for everything that took time. */

import type { EndedCall, Metric } from "@fastvlm-kit/web";
import { spansOfCall, spanOfMetric, type ProfileSpan } from "./profile-spans.ts";

/** Of one stage, over all calls of a profile. */
export interface StageTotal {
  /** How often it ran. */
  readonly count: number;
  readonly totalMs: number;
  readonly maxMs: number;
}

/** What a profile found, as plain data. */
export interface ProfileReport {
  readonly name: string;
  /** In milliseconds since the epoch; so is `endedAt`. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** By metric, such as `vlm.vision.duration`. */
  readonly stages: Readonly<Record<string, StageTotal>>;
  /**
   * Sums of counters, such as `vlm.result_cache.hits`, and of tokens by `input` and `output`. `vlm.gpu.dispatches` and
   * `vlm.gpu.submits` are kernels that the GPU was asked for and the lists of commands that they came in.
   */
  readonly counts: Readonly<Record<string, number>>;
  /** The most that was seen of metrics in bytes; of downloads, and of what was read back from the GPU, their sum. */
  readonly bytes: Readonly<Record<string, number>>;
  readonly calls: readonly EndedCall[];
  /** Everything that took time, in the order of its end. At most 10,000 are kept. */
  readonly spans: readonly ProfileSpan[];
  /** What each call made the GPU do, when it ended. Empty on WASM. At most 10,000 are kept. */
  readonly gpu: readonly GpuSample[];
}

/** One number about the GPU in one call. */
export interface GpuSample {
  /** `vlm.gpu.dispatches`, `vlm.gpu.submits` or `vlm.gpu.read.bytes` */
  readonly name: string;
  /** In milliseconds since the epoch. */
  readonly at: number;
  readonly value: number;
}

/** A profile that runs. */
export interface Profile {
  /** Ends it. Later calls return the same report. */
  readonly stop: () => ProfileReport;
}

/** What feeds a profile. */
export interface ProfileRecorder extends Profile {
  readonly onMetric: (metric: Metric) => void;
  readonly onCall: (call: EndedCall) => void;
}

const MAX_SPANS = 10_000;
const OF_GPU = "vlm.gpu.";
/** Metrics in bytes that happen, and are no state. */
const IS_SUM = /download|gpu\.read/;

/** @param now in milliseconds since the epoch */
export function createProfile(name: string, now: () => number): ProfileRecorder {
  const startedAt = now();
  const stages: Record<string, StageTotal> = {};
  const counts: Record<string, number> = {};
  const bytes: Record<string, number> = {};
  const calls: EndedCall[] = [];
  const spans: ProfileSpan[] = [];
  const gpu: GpuSample[] = [];
  let report: ProfileReport | undefined;

  const keep = (added: readonly ProfileSpan[]): void => {
    spans.push(...added.slice(0, MAX_SPANS - spans.length));
  };

  return {
    onMetric(metric) {
      if (report) return;
      const { value, unit, name: of, attributes } = metric;
      if (of.startsWith(OF_GPU) && gpu.length < MAX_SPANS) gpu.push({ name: of, at: now(), value });
      if (unit === "s") {
        const { count, totalMs, maxMs } = stages[of] ?? { count: 0, totalMs: 0, maxMs: 0 };
        const ms = value * 1000;
        stages[of] = { count: count + 1, totalMs: totalMs + ms, maxMs: Math.max(maxMs, ms) };
        keep(spanOfMetric(metric, now()));
      } else if (unit === "By") {
        const before = bytes[of] ?? 0;
        bytes[of] = IS_SUM.test(of) ? before + value : Math.max(before, value);
      } else {
        const kind = attributes["gen_ai.token.type"];
        const key = kind === undefined ? of : `${of} ${String(kind)}`;
        counts[key] = (counts[key] ?? 0) + value;
      }
    },
    onCall(call) {
      if (report) return;
      calls.push(call);
      keep(spansOfCall(call));
    },
    stop: () =>
      (report ??= { name, startedAt, endedAt: now(), stages, counts, bytes, calls, spans, gpu }),
  };
}
