/** Makes one number of the series of a window, as a rule asks for it. */

import {
  countOf,
  histogramOf,
  lastOf,
  listSeries,
  meanOf,
  percentileOf,
} from "../series/read-series.ts";
import type { HistogramSeries, Series } from "../series/series.ts";
import type { AlertRule } from "./alert-rule.ts";

/** Returns undefined where too little was measured to say anything. */
export function aggregate(all: readonly Series[], rule: AlertRule): number | undefined {
  const { metric, filter = {}, aggregation, minCount = 1 } = rule;
  const enough = (): HistogramSeries | undefined => {
    const histogram = histogramOf(all, metric, filter);
    return histogram && histogram.count >= minCount ? histogram : undefined;
  };
  switch (aggregation) {
    case "count":
      return countOf(all, metric, filter);
    case "share": {
      const whole = countOf(all, rule.of?.metric ?? metric, rule.of?.filter ?? {});
      return whole < minCount || whole === 0 ? undefined : countOf(all, metric, filter) / whole;
    }
    case "p50":
      return percentileOf(enough(), 0.5);
    case "p95":
      return percentileOf(enough(), 0.95);
    case "p99":
      return percentileOf(enough(), 0.99);
    case "mean":
      return meanOf(enough());
    case "last":
      return lastOf(all, metric, filter);
    case "min":
    case "max":
      return enough()?.[aggregation] ?? extremeOf(all, rule, aggregation);
  }
}

function extremeOf(
  all: readonly Series[],
  { metric, filter = {} }: AlertRule,
  which: "min" | "max",
): number | undefined {
  const gauges = listSeries(all, metric, filter).filter((series) => series.kind === "gauge");
  return gauges.length === 0 ? undefined : Math[which](...gauges.map((gauge) => gauge[which]));
}
