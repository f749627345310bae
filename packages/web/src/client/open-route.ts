/** Opens the way of a client's calls to remote nodes, where its app has given it some. */

import type { VlmOptions } from "../api/vlm.ts";
import type { ImageLimits } from "../image/limits.ts";
import { reportEvent } from "../metrics/event-metrics.ts";
import { createRecorder } from "../metrics/recorder.ts";
import type { StatsCounter } from "../metrics/stats-counter.ts";
import { VlmError } from "../protocol/errors.ts";
import type { RateLimiter } from "../serving/rate-limiter.ts";
import type { ConnectableNodes, Route } from "../serving/route.ts";
import { guardCallback } from "../shared/guard-callback.ts";
import { measureOnTimeline } from "./performance-timeline.ts";

export interface RouteParts {
  readonly imageLimits: ImageLimits;
  readonly limiter: RateLimiter | undefined;
  readonly stats: StatsCounter;
}

/** @throws {VlmError} `network-forbidden` with `network: "none"` */
export function openRoute(
  { remote, network, ...options }: VlmOptions,
  { stats, ...parts }: RouteParts,
): Route | undefined {
  if (!remote) return undefined;
  if (network === "none") {
    throw new VlmError(
      "network-forbidden",
      '`network: "none"` forbids remote nodes. Leave `remote` out, or say `network: "any"`.',
      { url: "" },
    );
  }
  const onMetric = guardCallback(options.onMetric);
  const onEvent = guardCallback(options.onEvent);
  const recorder = createRecorder((metric) => {
    measureOnTimeline(metric);
    stats.noteMetric(metric);
    onMetric(metric);
  }, Date.now);
  // The schema has looked for `connect`, which the type for apps does not have.
  return (remote as ConnectableNodes).connect({
    ...parts,
    recorder,
    onEvent: (event) => {
      reportEvent(recorder, event);
      onEvent(event);
    },
  });
}
