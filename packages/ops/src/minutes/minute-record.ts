/** What one tab measured in one minute, as it is stored. What is read from the store is checked. */

import {
  array,
  boolean,
  finite,
  literal,
  number,
  pipe,
  record,
  safeParse,
  string,
  strictObject,
  union,
  variant,
} from "valibot";
import type { Series } from "../series/series.ts";

export const MINUTE_MS = 60_000;

export interface MinuteRecord {
  /** Changes when records of an older kit can no longer be read; those are then left out. */
  readonly schema: 1;
  /** When the minute began, in milliseconds since the epoch; a multiple of 60,000. */
  readonly minute: number;
  /** A random name of the visit that measured it. Each tab writes its own records only. */
  readonly tab: string;
  readonly series: readonly Series[];
}

const value = pipe(number(), finite());

const name = {
  name: string(),
  unit: string(),
  attributes: record(string(), union([string(), number(), boolean()])),
};

/** The schema of a stored series. */
export const series = variant("kind", [
  strictObject({ kind: literal("counter"), ...name, value }),
  strictObject({
    kind: literal("gauge"),
    ...name,
    last: value,
    lastAt: value,
    min: value,
    max: value,
  }),
  strictObject({
    kind: literal("histogram"),
    ...name,
    bounds: array(value),
    counts: array(value),
    count: value,
    sum: value,
    min: value,
    max: value,
  }),
]);

const minuteRecord = strictObject({
  schema: literal(1),
  minute: value,
  tab: string(),
  series: array(series),
});

/** Returns undefined for a record that is damaged, or that another version of the kit has written. */
export function readMinuteRecord(stored: unknown): MinuteRecord | undefined {
  const { success, output } = safeParse(minuteRecord, stored);
  if (!success) return undefined;
  const isWhole = output.series.every(
    (one) => one.kind !== "histogram" || one.counts.length === one.bounds.length + 1,
  );
  return isWhole ? output : undefined;
}

export function minuteOf(at: number): number {
  return Math.floor(at / MINUTE_MS) * MINUTE_MS;
}
