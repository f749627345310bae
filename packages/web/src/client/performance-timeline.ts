/** Records the stages of a call as measures of User Timing, which DevTools and a `PerformanceObserver` show. */

import type { Metric } from "../protocol/metric.ts";

const PREFIX = /^vlm\./;
const SUFFIX = /\.duration$/;

/** Whether there is a timeline: jsdom, in which tests of apps run, has none. */
function hasTimeline(): boolean {
  return typeof (performance as Partial<Performance>).measure === "function";
}

/** Adds a metric that is a duration to the page's timeline, for instance as `vlm:vision`. */
export function measureOnTimeline(metric: Metric): void {
  if (metric.unit !== "s" || !metric.name.startsWith("vlm.") || !hasTimeline()) return;
  const name = `vlm:${metric.name.replace(PREFIX, "").replace(SUFFIX, "")}`;
  const end = metric.timestamp - performance.timeOrigin;
  const start = Math.max(0, end - metric.value * 1000);
  performance.measure(name, {
    start,
    end: Math.max(start, end),
    detail: { ...metric.attributes, devtools: { dataType: "track-entry", track: "FastVLM" } },
  });
  // Observers and DevTools have received it. Without this the page's buffer would grow for ever.
  performance.clearMeasures(name);
}
