/** What plots show: one value for each minute. */

import { countOf, histogramOf, lastOf, percentileOf } from "../series/read-series.ts";
import type { Series } from "../series/series.ts";
import type { OpsSnapshot } from "../snapshot/snapshot.ts";
import { formatBytes, formatNumber, formatSeconds } from "./format.ts";

const MINUTE_MS = 60_000;
/** At most seven days. */
const MAX_MINUTES = 7 * 24 * 60;

export interface Trend {
  readonly title: string;
  /** The minutes, in seconds since the epoch, as uPlot wants them. */
  readonly at: readonly number[];
  readonly lines: readonly TrendLine[];
  /** How a value is written. */
  readonly format: (value: number | undefined) => string;
}

interface TrendLine {
  readonly label: string;
  /** One for each minute; null where nothing was measured. */
  readonly values: readonly (number | null)[];
}

interface TrendForm {
  readonly title: string;
  readonly format: Trend["format"];
  readonly lines: readonly (readonly [
    label: string,
    read: (series: readonly Series[]) => number | undefined,
  ])[];
}

const callsOf = (outcome: string) => (series: readonly Series[]) =>
  countOf(series, "vlm.calls", { "vlm.outcome": outcome });

const percentile = (metric: string, share: number) => (series: readonly Series[]) =>
  percentileOf(histogramOf(series, metric), share);

const FORMS: readonly TrendForm[] = [
  {
    title: "Calls a minute",
    format: formatNumber,
    lines: [
      ["answered", callsOf("answered")],
      ["refused", callsOf("refused")],
      ["failed", callsOf("failed")],
    ],
  },
  {
    title: "Latency of answered calls",
    format: formatSeconds,
    lines: [
      ["half of them", percentile("vlm.call.duration", 0.5)],
      ["95 of 100", percentile("vlm.call.duration", 0.95)],
      ["first token, 95 of 100", percentile("gen_ai.client.operation.time_to_first_chunk", 0.95)],
    ],
  },
  {
    title: "Tokens a second",
    format: formatNumber,
    lines: [["half of the calls", percentile("vlm.call.speed", 0.5)]],
  },
  {
    title: "Memory",
    format: formatBytes,
    lines: [["page and workers", (series) => lastOf(series, "vlm.page.memory")]],
  },
];

export function readTrends({ minutes, from, to }: OpsSnapshot): readonly Trend[] {
  const seriesByMinute = new Map(minutes.map(({ minute, series }) => [minute, series]));
  const last = Math.floor(to / MINUTE_MS) * MINUTE_MS;
  const first = Math.max(Math.floor(from / MINUTE_MS) * MINUTE_MS, last - MAX_MINUTES * MINUTE_MS);
  const steps = Math.max(0, (last - first) / MINUTE_MS) + 1;
  const times = Array.from({ length: steps }, (_, step) => first + step * MINUTE_MS);
  const at = times.map((time) => time / 1000);
  return FORMS.map(({ title, format, lines }) => ({
    title,
    format,
    at,
    lines: lines.map(([label, read]) => ({
      label,
      values: times.map((time) => {
        const series = seriesByMinute.get(time);
        return (series && read(series)) ?? null;
      }),
    })),
  }));
}
