/** Reads numbers out of series: those of a name, their sum, their percentiles. */

import { mergeSeries } from "./series-set.ts";
import type { HistogramSeries, Series, SeriesAttributes } from "./series.ts";

/**
 * Which attributes a series must have, each with its value or a list of possible values. `null` means that it must not
 * have the attribute.
 */
export type AttributeFilter = Readonly<Record<string, AttributeValue | null | readonly string[]>>;

type AttributeValue = SeriesAttributes[string];

/** Returns the series of a metric whose attributes fit; other attributes may have any value. */
export function listSeries(
  all: readonly Series[],
  name: string,
  filter: AttributeFilter = {},
): readonly Series[] {
  return all.filter((series) => series.name === name && fits(series.attributes, filter));
}

/** The sum of a metric's counters, and the number of values of its histograms; 0 if nothing was counted. */
export function countOf(
  all: readonly Series[],
  name: string,
  filter: AttributeFilter = {},
): number {
  return listSeries(all, name, filter).reduce((sum, series) => sum + amountOf(series), 0);
}

/** All values of a metric in one histogram, whatever their attributes; undefined if there are none. */
export function histogramOf(
  all: readonly Series[],
  name: string,
  filter: AttributeFilter = {},
): HistogramSeries | undefined {
  const alike = listSeries(all, name, filter).map((series) => ({ ...series, attributes: {} }));
  return mergeSeries(alike).find((series) => series.kind === "histogram");
}

/** The latest value of a gauge; undefined if it was never read. */
export function lastOf(
  all: readonly Series[],
  name: string,
  filter: AttributeFilter = {},
): number | undefined {
  const gauges = listSeries(all, name, filter).filter((series) => series.kind === "gauge");
  return gauges.sort((a, b) => b.lastAt - a.lastAt)[0]?.last;
}

/** The mean of a histogram's values; undefined if it has none. */
export function meanOf(histogram: HistogramSeries | undefined): number | undefined {
  return histogram && histogram.count > 0 ? histogram.sum / histogram.count : undefined;
}

/**
 * The value that the share `share` of all values does not exceed. Within a bucket the values are taken to lie at equal
 * distances, so that the result is off by less than the width of its bucket.
 *
 * @param share from 0 to 1, such as 0.95
 * @returns undefined if there are no values
 */
export function percentileOf(
  histogram: HistogramSeries | undefined,
  share: number,
): number | undefined {
  if (!histogram || histogram.count === 0) return undefined;
  const { bounds, counts, count, min, max } = histogram;
  const rank = share * count;
  let below = 0;
  for (const [index, inBucket] of counts.entries()) {
    if (inBucket === 0 || below + inBucket < rank) {
      below += inBucket;
      continue;
    }
    // No value lies outside of what was seen, and so neither does a percentile.
    const low = Math.max(bounds[index - 1] ?? min, min);
    const high = Math.min(bounds[index] ?? max, max);
    return low + (high - low) * Math.max(0, (rank - below) / inBucket);
  }
  return max;
}

function amountOf(series: Series): number {
  if (series.kind === "counter") return series.value;
  return series.kind === "histogram" ? series.count : 0;
}

function fits(attributes: SeriesAttributes, filter: AttributeFilter): boolean {
  return Object.entries(filter).every(([name, wanted]) => {
    const value = attributes[name] ?? null;
    return isList(wanted) ? wanted.some((one) => one === value) : wanted === value;
  });
}

function isList(wanted: AttributeFilter[string]): wanted is readonly string[] {
  return Array.isArray(wanted);
}
