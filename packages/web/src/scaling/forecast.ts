/**
 * How many calls will come: Holt's linear smoothing with a damped trend, over the counts of single seconds.
 *
 * Holt keeps two numbers, a level and a trend, and needs no history, so it can say something after a few seconds of a
 * visit. What knows seasons or needs training (Holt-Winters, ARIMA, networks) would need days of one user's calls, which a
 * page does not have. The horizon is the start of a worker, a few seconds. An undamped trend overshoots after a burst, so
 * the trend is damped (Gardner and McKenzie 1985, "Forecasting Trends in Time Series").
 */

/** A level and a trend in calls per bucket, and the bucket that is being counted. */
export interface Forecast {
  readonly level: number;
  readonly trend: number;
  readonly bucketStart: number;
  /** The count of all calls when the bucket began. */
  readonly countBefore: number;
}

const BUCKET_MS = 1000;

/** How much the newest bucket counts for the level, and the newest change for the trend. */
const LEVEL_SHARE = 0.5;
const TREND_SHARE = 0.3;
/** What is left of the trend after each further bucket. */
const DAMPING = 0.8;

/** After so many empty buckets nothing is left of what was before. */
const MAX_BUCKETS = 60;

export function startForecast(now: number): Forecast {
  return { level: 0, trend: 0, bucketStart: now, countBefore: 0 };
}

/** @param count the calls since the beginning */
export function observe(before: Forecast, now: number, count: number): Forecast {
  const passed = Math.floor((now - before.bucketStart) / BUCKET_MS);
  if (passed < 1) return before;
  // Calls between two looks are taken as evenly spread, because nobody looked in between.
  const steps = Math.min(passed, MAX_BUCKETS);
  const perBucket = (count - before.countBefore) / passed;
  let { level, trend } = before;
  for (let step = 0; step < steps; step++) {
    const expected = level + DAMPING * trend;
    const next = expected + LEVEL_SHARE * (perBucket - expected);
    trend = DAMPING * trend + TREND_SHARE * (next - level - DAMPING * trend);
    level = Math.max(0, next);
  }
  const bucketStart = before.bucketStart + passed * BUCKET_MS;
  return { level, trend, bucketStart, countBefore: count };
}

/** @returns calls per millisecond, `aheadMs` from now; never negative */
export function expectedRate({ level, trend }: Forecast, aheadMs: number): number {
  const buckets = Math.max(0, aheadMs) / BUCKET_MS;
  // The sum of the damped trend over the buckets ahead.
  const damped = (DAMPING * (1 - DAMPING ** buckets)) / (1 - DAMPING);
  return Math.max(0, level + trend * damped) / BUCKET_MS;
}
