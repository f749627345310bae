/** Series in OTLP's JSON, as a collector takes them at `/v1/metrics` (https://opentelemetry.io/docs/specs/otlp/). */

import { groupSeries } from "../series/group-series.ts";
import type { Series, SeriesAttributes } from "../series/series.ts";

/** The span of time that the series are about, in milliseconds since the epoch. */
export interface ExportSpan {
  readonly from: number;
  readonly to: number;
}

/** `AGGREGATION_TEMPORALITY_DELTA`: what was measured in this span, and not since the app started. */
const DELTA = 1;

/**
 * Returns the text of an `ExportMetricsServiceRequest`.
 *
 * @param resource says who sends it, such as `{ "service.name": "my-app" }`
 */
export function toOtlpJson(
  series: readonly Series[],
  span: ExportSpan,
  resource: SeriesAttributes = {},
): string {
  const metrics = groupSeries(series).map((alike) => toMetric(alike, span));
  return JSON.stringify({
    resourceMetrics: [
      {
        resource: { attributes: toAttributes(resource) },
        scopeMetrics: [{ scope: { name: "@fastvlm-kit/ops" }, metrics }],
      },
    ],
  });
}

function toMetric(alike: readonly [Series, ...Series[]], span: ExportSpan): unknown {
  const [{ name, unit, kind }] = alike;
  const dataPoints = alike.map((series) => toDataPoint(series, span));
  if (kind === "gauge") return { name, unit, gauge: { dataPoints } };
  return kind === "counter"
    ? { name, unit, sum: { dataPoints, aggregationTemporality: DELTA, isMonotonic: true } }
    : { name, unit, histogram: { dataPoints, aggregationTemporality: DELTA } };
}

function toDataPoint(series: Series, { from, to }: ExportSpan): unknown {
  const attributes = toAttributes(series.attributes);
  const time = { startTimeUnixNano: toNanoseconds(from), timeUnixNano: toNanoseconds(to) };
  switch (series.kind) {
    case "counter":
      return { attributes, ...time, asDouble: series.value };
    case "gauge":
      return { attributes, timeUnixNano: toNanoseconds(series.lastAt), asDouble: series.last };
    case "histogram":
      return {
        attributes,
        ...time,
        count: String(series.count),
        sum: series.sum,
        min: series.min,
        max: series.max,
        bucketCounts: series.counts.map(String),
        explicitBounds: series.bounds,
      };
  }
}

/** JSON has 64-bit integers as text. */
function toNanoseconds(milliseconds: number): string {
  return `${String(Math.floor(milliseconds))}000000`;
}

function toAttributes(attributes: SeriesAttributes): unknown[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: toValue(value) }));
}

function toValue(value: SeriesAttributes[string]): unknown {
  if (typeof value === "string") return { stringValue: value };
  return typeof value === "boolean" ? { boolValue: value } : { doubleValue: value };
}
