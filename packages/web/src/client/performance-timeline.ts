/** The stages of a call as User Timing measures: visible in DevTools and to a `PerformanceObserver`. */

import type { Metric } from "../protocol/metric.ts";

const PREFIX = /^vlm\./;
const SUFFIX = /\.duration$/;

/** Draws a duration metric of the kit into the page's timeline, e.g. `vlm:vision`. */
export function measureOnTimeline(metric: Metric): void {
  if (metric.unit !== "s" || !metric.name.startsWith("vlm.")) return;
  const name = `vlm:${metric.name.replace(PREFIX, "").replace(SUFFIX, "")}`;
  const end = metric.timestamp - performance.timeOrigin;
  const start = Math.max(0, end - metric.value * 1000);
  performance.measure(name, {
    start,
    end: Math.max(start, end),
    detail: { ...metric.attributes, devtools: { dataType: "track-entry", track: "FastVLM" } },
  });
  // Observers and DevTools have it now; the page's buffer would grow for ever.
  performance.clearMeasures(name);
}
