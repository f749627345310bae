/** Makes a metric of the SDK a point of a series. */

import type { Metric } from "@fastvlm-kit/web";
import type { Point, SeriesAttributes } from "../series/series.ts";

/**
 * Attributes that would multiply the series without telling more to the people who run the app: there is one engine,
 * one operation, and a revision for each model.
 */
const LEFT_OUT = new Set([
  "gen_ai.operation.name",
  "gen_ai.provider.name",
  "gen_ai.response.model",
  "vlm.model.revision",
]);

export function toPoint({ name, value, unit, attributes }: Metric): Point {
  return { name, value, unit, attributes: withoutLeftOut(attributes) };
}

function withoutLeftOut(attributes: SeriesAttributes): SeriesAttributes {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !LEFT_OUT.has(name)));
}
