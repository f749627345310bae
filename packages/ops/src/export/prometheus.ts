/** Series in the text format of Prometheus (https://prometheus.io/docs/instrumenting/exposition_formats/). */

import { groupSeries } from "../series/group-series.ts";
import type { HistogramSeries, Series, SeriesAttributes } from "../series/series.ts";

/** What OpenTelemetry's rules for Prometheus append to a name for its unit. */
const SUFFIXES: Readonly<Record<string, string>> = {
  s: "_seconds",
  By: "_bytes",
  "{token}": "_tokens",
  "{token}/s": "_tokens_per_second",
};

/** Returns one block of lines for each metric. */
export function toPrometheusText(series: readonly Series[]): string {
  return groupSeries(series)
    .map((alike) => {
      const name = nameOf(alike[0]);
      const lines = alike.flatMap((one) => linesOf(name, one));
      return [`# TYPE ${name} ${alike[0].kind}`, ...lines, ""].join("\n");
    })
    .join("");
}

function linesOf(name: string, series: Series): string[] {
  switch (series.kind) {
    case "counter":
      return [`${name}${labels(series.attributes)} ${series.value}`];
    case "gauge":
      return [`${name}${labels(series.attributes)} ${series.last}`];
    case "histogram":
      return [
        ...bucketsOf(name, series),
        `${name}_sum${labels(series.attributes)} ${series.sum}`,
        `${name}_count${labels(series.attributes)} ${series.count}`,
      ];
  }
}

/** Each bucket of Prometheus counts the values of all buckets below it too. */
function bucketsOf(name: string, { attributes, bounds, counts }: HistogramSeries): string[] {
  let total = 0;
  return counts.map((count, index) => {
    total += count;
    const le = index < bounds.length ? String(bounds[index]) : "+Inf";
    return `${name}_bucket${labels({ ...attributes, le })} ${total}`;
  });
}

function nameOf({ name, unit, kind }: Series): string {
  const plain = name.replaceAll(/[^a-zA-Z0-9_]/g, "_");
  const suffix = SUFFIXES[unit] ?? "";
  const full = plain.endsWith(suffix) ? plain : plain + suffix;
  return kind === "counter" ? `${full}_total` : full;
}

function labels(attributes: SeriesAttributes): string {
  const all = Object.entries(attributes).map(
    ([name, value]) => `${name.replaceAll(/[^a-zA-Z0-9_]/g, "_")}="${escaped(String(value))}"`,
  );
  return all.length === 0 ? "" : `{${all.join(",")}}`;
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}
