/** What a soak says: the goals, and the numbers behind them. */

import type { SoakCount, SoakReport } from "../harness/soak.ts";
import { slopeOf, type Sample, type Slope } from "../../tools/soak/slope.ts";

interface Goal {
  readonly what: string;
  readonly found: string;
  readonly isReached: boolean;
}

interface Row {
  readonly kind: string;
  readonly made: number;
  readonly answered: number;
  readonly refused: string;
  readonly p50Ms: number | undefined;
  readonly p95Ms: number | undefined;
  readonly p99Ms: number | undefined;
}

export interface SoakSummary {
  readonly goals: readonly Goal[];
  readonly rows: readonly Row[];
  readonly kills: number;
  readonly lostGpus: number;
  readonly restarts: number;
  /** In bytes a minute, after the first tenth of the time, in which caches fill. */
  readonly memory: Slope | undefined;
  readonly lastMemoryMb: number | undefined;
}

const MIB = 2 ** 20;

/** @param samples minutes since the start, and bytes */
export function summarize(
  report: SoakReport,
  samples: readonly Sample[],
  seconds: number,
): SoakSummary {
  const counts = Object.values(report.counts);
  const made = total(counts, ({ made }) => made);
  const answered = total(counts, ({ answered }) => answered);
  const refused = total(counts, ({ refusals }) => total(Object.values(refusals), Number));
  const availability = (answered + refused) / made;
  const remembered = (report.counts["remembered"]?.answered ?? 0) / seconds;
  const memory = slopeOf(samples.filter(([minute]) => minute > seconds / 600));
  return {
    goals: [
      {
        what: "every call is answered, or refused by a documented error (at least 99.9 %)",
        found: `${(availability * 100).toFixed(3)} % of ${made}`,
        isReached: availability >= 0.999,
      },
      {
        what: "more than 100 remembered answers a second, beside inference",
        found: `${remembered.toFixed(1)} a second`,
        isReached: remembered > 100,
      },
      {
        what: "no call hangs",
        found: `${report.pending} calls`,
        isReached: report.pending === 0,
      },
      {
        what: "memory does not grow (its slope is not distinguishable from 0)",
        found: memory ? inWords(memory) : "too few measurements",
        isReached: memory !== undefined && memory.low <= 0,
      },
    ],
    rows: Object.entries(report.counts).map(([kind, count]) => rowOf(kind, count)),
    kills: report.kills,
    lostGpus: sumOf(report, "vlm.device.lost"),
    restarts: sumOf(report, "vlm.worker.restarts"),
    memory,
    lastMemoryMb: bytesOf(samples.at(-1)),
  };
}

export function toMarkdown(
  { goals, rows, kills, lostGpus, restarts, lastMemoryMb }: SoakSummary,
  machine: { minutes: number; device: string; browser: string; processor: string },
): string {
  const ms = (value: number | undefined): string => (value === undefined ? "–" : value.toFixed(0));
  return [
    `${String(machine.minutes)} minutes in ${machine.browser} on ${machine.processor}. At the end the model ran on ${machine.device}.`,
    `${String(kills)} times the worker was killed, ${String(lostGpus)} times the GPU was lost, and ${String(restarts)} times a worker started again. At the end the page took ${ms(lastMemoryMb)} MiB, with its workers.`,
    "",
    "| goal | found | reached |",
    "| ---- | ----- | ------- |",
    ...goals.map(
      ({ what, found, isReached }) => `| ${what} | ${found} | ${isReached ? "yes" : "no"} |`,
    ),
    "",
    "| calls | made | answered | refused or failed | p50 ms | p95 ms | p99 ms |",
    "| ----- | ---: | -------: | ----------------- | -----: | -----: | -----: |",
    ...rows.map(
      (row) =>
        `| ${row.kind} | ${row.made} | ${row.answered} | ${row.refused} | ${ms(row.p50Ms)} | ${ms(row.p95Ms)} | ${ms(row.p99Ms)} |`,
    ),
    "",
  ].join("\n");
}

function rowOf(kind: string, { made, answered, refusals, untyped, latenciesMs }: SoakCount): Row {
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  const percentile = (share: number): number | undefined =>
    sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  const reasons = Object.entries({ ...refusals, ...untyped });
  return {
    kind,
    made,
    answered,
    refused: reasons.map(([reason, count]) => `${count} ${reason}`).join(", ") || "–",
    p50Ms: percentile(0.5),
    p95Ms: percentile(0.95),
    p99Ms: percentile(0.99),
  };
}

function inWords({ perUnit, low, high, samples }: Slope): string {
  const mib = (bytes: number): string => (bytes / MIB).toFixed(2);
  return `${mib(perUnit)} MiB a minute, 95 % interval ${mib(low)} to ${mib(high)}, ${samples} measurements`;
}

function sumOf({ snapshot }: SoakReport, name: string): number {
  return total(snapshot.totals, (series) =>
    series.name === name && series.kind === "counter" ? series.value : 0,
  );
}

function bytesOf(sample: Sample | undefined): number | undefined {
  return sample && sample[1] / MIB;
}

function total<T>(all: readonly T[], valueOf: (one: T) => number): number {
  return all.reduce((sum, one) => sum + valueOf(one), 0);
}
