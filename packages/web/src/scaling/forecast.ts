/**
 * How many calls will come: Holt's linear smoothing with a damped trend, over the counts of single seconds.
 *
 * Holt keeps two numbers, a level and a trend, and needs no history, so it can say something after a few seconds of a
 * visit. What knows seasons or needs training (Holt-Winters, ARIMA, networks) would need days of one user's calls, which a
 * page does not have. The horizon is the start of a worker, a few seconds. An undamped trend overshoots after a burst, so
 * the trend is damped (Gardner and McKenzie 1985, "Forecasting Trends in Time Series").
 *
 * Where calls are long, few of them come, and one more or less in a second says nothing. So the time over which is smoothed
 * grows with the length of calls.
 */

/** A level and a trend in calls per bucket, and the bucket that is being counted. */
export interface Forecast {
  readonly level: number;
  readonly trend: number;
  /** How many times as slowly as the shares below say old buckets are forgotten. */
  readonly slowness: number;
  readonly bucketStart: number;
  /** The count of all calls when the bucket began. */
  readonly countBefore: number;
}

const BUCKET_MS = 1000;

/** How much of the level and of the trend is left after each bucket: half of the level is forgotten in one. */
const LEVEL_KEPT = 0.5;
const TREND_KEPT = 0.7;
/** What is left of the trend after each further bucket. */
const DAMPING = 0.8;

/** Half of the level is forgotten in the time of so many calls, if that is longer than a bucket. Chosen with the simulator. */
const HALF_LIFE_CALLS = 7;

/** But never in a longer time than this, so that the workers for calls of minutes do not stay for an hour. */
const MAX_HALF_LIFE_MS = 60_000;

/** After so many empty buckets little is left of what was before. */
const MAX_BUCKETS = 1800;

export function startForecast(now: number): Forecast {
  return { level: 0, trend: 0, slowness: 1, bucketStart: now, countBefore: 0 };
}

/**
 * @param count the calls since the beginning
 * @param callMs how long a call takes; 0 before one was measured, so that the first calls count at once
 */
export function observe(before: Forecast, now: number, count: number, callMs = 0): Forecast {
  const passed = Math.floor((now - before.bucketStart) / BUCKET_MS);
  if (passed < 1) return before;
  // Calls between two looks are taken as evenly spread, because nobody looked in between.
  const steps = Math.min(passed, MAX_BUCKETS);
  const perBucket = (count - before.countBefore) / passed;
  const halfLifeMs = Math.min(Math.max(BUCKET_MS, HALF_LIFE_CALLS * callMs), MAX_HALF_LIFE_MS);
  const slowness = halfLifeMs / BUCKET_MS;
  const [levelShare, trendShare] = [LEVEL_KEPT, TREND_KEPT].map(
    (kept) => 1 - kept ** (1 / slowness),
  );
  const damping = DAMPING ** (1 / slowness);
  let { level, trend } = before;
  for (let step = 0; step < steps; step++) {
    const expected = level + damping * trend;
    const next = expected + levelShare! * (perBucket - expected);
    trend = damping * trend + trendShare! * (next - level - damping * trend);
    level = Math.max(0, next);
  }
  const bucketStart = before.bucketStart + passed * BUCKET_MS;
  return { level, trend, slowness, bucketStart, countBefore: count };
}

/** @returns calls per millisecond, `aheadMs` from now; never negative */
export function expectedRate({ level, trend, slowness }: Forecast, aheadMs: number): number {
  const buckets = Math.max(0, aheadMs) / BUCKET_MS;
  const damping = DAMPING ** (1 / slowness);
  // The sum of the damped trend over the buckets ahead.
  const damped = (damping * (1 - damping ** buckets)) / (1 - damping);
  return Math.max(0, level + trend * damped) / BUCKET_MS;
}
