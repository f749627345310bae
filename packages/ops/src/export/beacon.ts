/** Sends what was measured when the page is hidden or left, when no other request would still be answered. */

import { onPageHidden } from "../page-hidden.ts";
import { createSeriesSet } from "../series/series-set.ts";
import type { SeriesAttributes } from "../series/series.ts";
import type { PointSink } from "../point-sink.ts";
import { toOtlpJson } from "./otlp-json.ts";

export interface BeaconOptions {
  /** Where a collector takes OTLP's JSON, such as `/v1/metrics` of your own server. */
  readonly url: string;
  /** The option that `createVlm` has: `none` sends nothing. Default `any`. */
  readonly network?: "any" | "none";
  /** Who sends it, such as `{ "service.name": "my-app" }`. */
  readonly resource?: SeriesAttributes;
}

/** Of `sinks` of `createOps`. */
export interface Beacon extends PointSink {
  /** Sends now what was not sent yet. Returns whether the browser has taken it. */
  readonly send: () => boolean;
  /** Sends nothing more. */
  readonly dispose: () => void;
}

/**
 * Sends what this page measured with `navigator.sendBeacon`, each time that it is hidden. What the browser refuses, for
 * instance because it is more than 64 KiB, is sent the next time.
 */
export function createBeacon({ url, network = "any", resource = {} }: BeaconOptions): Beacon {
  let set = createSeriesSet();
  let from = Date.now();

  const send = (): boolean => {
    const series = set.list();
    if (network === "none" || series.length === 0) return false;
    const to = Date.now();
    const body = new Blob([toOtlpJson(series, { from, to }, resource)], {
      type: "application/json",
    });
    if (!navigator.sendBeacon(url, body)) return false;
    set = createSeriesSet();
    from = to;
    return true;
  };

  const unhook = onPageHidden(send);
  return {
    onPoint(point) {
      if (network !== "none") set.add(point, Date.now());
    },
    send,
    dispose: unhook,
  };
}
