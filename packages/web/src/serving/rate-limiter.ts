/** Counts the calls of one client, so that at most so many are made within any stretch of time. */

import type { RateLimit } from "../protocol/options.ts";

export interface RateLimiter {
  /** How many calls are let through in the time of the limit. */
  readonly calls: number;
  /**
   * Lets one call through, if the limit allows it.
   *
   * @returns 0, or how long to wait before the next attempt, in milliseconds
   */
  take(): number;
}

export function createRateLimiter({ calls, perMs }: RateLimit): RateLimiter {
  const times: number[] = [];
  return {
    calls,
    take() {
      const now = performance.now();
      const waitMs = times.length < calls ? 0 : times[0]! + perMs - now;
      if (waitMs > 0) return waitMs;
      times.push(now);
      if (times.length > calls) times.shift();
      return 0;
    },
  };
}
