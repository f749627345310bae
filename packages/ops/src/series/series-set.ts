/** Series that grow: points are added, and whole series of other minutes and other tabs. */

import { instrumentOf } from "./instruments.ts";
import type { HistogramSeries, Point, Series, SeriesAttributes } from "./series.ts";

/**
 * How many series one set has. A set of attributes beyond that is counted without its attributes, marked as
 * OpenTelemetry does it, so that no bug elsewhere can fill the memory.
 */
const MAX_SERIES = 400;

const OVERFLOW: SeriesAttributes = { "otel.metric.overflow": true };

export interface SeriesSet {
  /** @param at milliseconds since the epoch */
  readonly add: (point: Point, at: number) => void;
  readonly merge: (series: readonly Series[]) => void;
  /** The series as they are now; they do not change when more is added. */
  readonly list: () => readonly Series[];
}

/** A series of this set, which is changed in place: a busy page adds thousands of points a second. */
type Growing<T extends Series = Series> = T extends HistogramSeries
  ? Mutable<Omit<T, "counts">> & { counts: number[] }
  : Mutable<T>;

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

export function createSeriesSet(): SeriesSet {
  const seriesByKey = new Map<string, Growing>();

  /** Adds one series to that of the same name and attributes. */
  const put = (added: Series): void => {
    const key = keyOf(added.name, added.attributes);
    const series = seriesByKey.get(key);
    if (series && canTake(series, added)) {
      take(series, added);
    } else if (series || seriesByKey.size < MAX_SERIES || added.attributes === OVERFLOW) {
      // Another version of the kit may have stored this metric in another form. The newer one is worth more.
      seriesByKey.set(key, copyOf(added));
    } else {
      put({ ...added, attributes: OVERFLOW });
    }
  };

  return {
    add(point, at) {
      // Infinity and NaN would spoil the sum of a whole minute.
      if (!Number.isFinite(point.value)) return;
      const series = seriesByKey.get(keyOf(point.name, point.attributes));
      if (series?.kind === "histogram") addTo(series, point.value);
      else put(toSeries(point, at));
    },
    merge: (all) => {
      all.forEach(put);
    },
    list: () => [...seriesByKey.values()].map(copyOf),
  };
}

/** Merges lists of series, for instance those of several minutes. */
export function mergeSeries(...lists: readonly (readonly Series[])[]): readonly Series[] {
  const set = createSeriesSet();
  lists.forEach(set.merge);
  return set.list();
}

/** The name and the attributes of a series, in one order whatever the order in which they were given. */
function keyOf(name: string, attributes: SeriesAttributes): string {
  let key = name;
  for (const one of Object.keys(attributes).sort()) {
    key += `\n${one}\t${typeof attributes[one]}\t${String(attributes[one])}`;
  }
  return key;
}

function toSeries({ name, unit, value, attributes }: Point, at: number): Series {
  const common = { name, unit, attributes };
  const instrument = instrumentOf(name, unit);
  if (instrument.kind === "counter") return { kind: "counter", ...common, value };
  if (instrument.kind === "gauge") {
    return { kind: "gauge", ...common, last: value, lastAt: at, min: value, max: value };
  }
  const { bounds } = instrument;
  const counts = new Array<number>(bounds.length + 1).fill(0);
  const empty = { count: 0, sum: 0, min: Infinity, max: -Infinity };
  const histogram: Growing<HistogramSeries> = {
    kind: "histogram",
    ...common,
    bounds,
    counts,
    ...empty,
  };
  addTo(histogram, value);
  return histogram;
}

function addTo(histogram: Growing<HistogramSeries>, value: number): void {
  const { bounds, counts } = histogram;
  const found = bounds.findIndex((bound) => value <= bound);
  counts[found === -1 ? bounds.length : found]! += 1;
  histogram.count += 1;
  histogram.sum += value;
  histogram.min = Math.min(histogram.min, value);
  histogram.max = Math.max(histogram.max, value);
}

function take(series: Growing, added: Series): void {
  if (series.kind === "counter" && added.kind === "counter") series.value += added.value;
  if (series.kind === "gauge" && added.kind === "gauge") {
    if (added.lastAt >= series.lastAt) Object.assign(series, lastOf(added));
    series.min = Math.min(series.min, added.min);
    series.max = Math.max(series.max, added.max);
  }
  if (series.kind === "histogram" && added.kind === "histogram") {
    for (const [index, count] of added.counts.entries()) series.counts[index]! += count;
    series.count += added.count;
    series.sum += added.sum;
    series.min = Math.min(series.min, added.min);
    series.max = Math.max(series.max, added.max);
  }
}

function lastOf({ last, lastAt }: Series & { kind: "gauge" }): { last: number; lastAt: number } {
  return { last, lastAt };
}

function canTake(series: Growing, added: Series): boolean {
  if (series.kind !== "histogram" || added.kind !== "histogram") return series.kind === added.kind;
  return (
    series.bounds === added.bounds ||
    (series.bounds.length === added.bounds.length &&
      series.bounds.every((bound, index) => bound === added.bounds[index]))
  );
}

function copyOf(series: Series | Growing): Growing {
  return series.kind === "histogram" ? { ...series, counts: [...series.counts] } : { ...series };
}
