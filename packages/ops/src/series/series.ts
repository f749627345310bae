/**
 * What was measured in a span of time, as plain data that JSON and IndexedDB can hold. There is one series for each
 * metric and each set of attributes.
 */

/** Attributes of a series, from closed sets of values: never prompts, file names or addresses. */
export type SeriesAttributes = Readonly<Record<string, string | number | boolean>>;

interface SeriesName {
  /** The metric, such as `vlm.vision.duration`. */
  readonly name: string;
  /** In UCUM, as OpenTelemetry writes it: `s`, `By`, `{token}`, `1`. */
  readonly unit: string;
  readonly attributes: SeriesAttributes;
}

/** A number of things that happened, or a sum, such as of bytes. */
export interface CounterSeries extends SeriesName {
  readonly kind: "counter";
  readonly value: number;
}

/** A state that is read from time to time. */
export interface GaugeSeries extends SeriesName {
  readonly kind: "gauge";
  readonly last: number;
  /** When `last` was read, in milliseconds since the epoch. */
  readonly lastAt: number;
  readonly min: number;
  readonly max: number;
}

/** How values are distributed, in buckets as OpenTelemetry's explicit buckets. */
export interface HistogramSeries extends SeriesName {
  readonly kind: "histogram";
  /** The upper bound of each bucket but the last; a value that equals a bound belongs below it. */
  readonly bounds: readonly number[];
  /** How many values are in each bucket; one more than there are bounds. */
  readonly counts: readonly number[];
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
}

/** One metric with one set of attributes, over a span of time. */
export type Series = CounterSeries | GaugeSeries | HistogramSeries;

/** One measurement, before it is a part of a series. */
export interface Point {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  readonly attributes: SeriesAttributes;
}
