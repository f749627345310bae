/** Counts what the SDK reports, from the beginning of the process: what a server shows to Prometheus. */

import type { Metric, VlmEvent } from "@fastvlm-kit/web";
import { pointsOfCall } from "./intake/call-points.ts";
import { toPoint } from "./intake/metric-points.ts";
import { createSeriesSet } from "./series/series-set.ts";
import type { Point, Series } from "./series/series.ts";

/** Counters, gauges and histograms in memory. They only grow, as scrapers expect. */
export interface Totals {
  /** Pass it to `createVlm`. */
  readonly onMetric: (metric: Metric) => void;
  /** Pass it to `createVlm`. */
  readonly onEvent: (event: VlmEvent) => void;
  /** Adds a measurement of the server's own. */
  readonly add: (point: Point) => void;
  readonly list: () => readonly Series[];
}

/** Creates totals, which need no storage and no timers. */
export function createTotals(): Totals {
  const series = createSeriesSet();
  const add = (point: Point): void => {
    series.add(point, Date.now());
  };
  return {
    onMetric: (metric) => {
      add(toPoint(metric));
    },
    onEvent: (event) => {
      if (event.type === "call-ended") pointsOfCall(event.call).forEach(add);
    },
    add,
    list: () => series.list(),
  };
}
