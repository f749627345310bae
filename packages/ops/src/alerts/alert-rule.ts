/** Rules for alerts, as data that JSON can hold. */

import type { AttributeFilter } from "../series/read-series.ts";

export type AlertSeverity = "info" | "warning" | "critical";

/**
 * How the values of the window become one number. `p50`, `p95`, `p99`, `mean`, `min`, `max`: of a histogram or, for the
 * last three, of a gauge. `last`: the newest value of a gauge. `count`: how many things happened. `share`: what part of
 * the things that `of` selects are those that `filter` selects.
 */
export type Aggregation =
  "p50" | "p95" | "p99" | "mean" | "min" | "max" | "last" | "count" | "share";

/** When an alert fires, and when it ends. */
export interface AlertRule {
  /** A name that is unique among the rules. */
  readonly name: string;
  /** What is wrong and what to do, for the people who run the app. */
  readonly message: string;
  readonly severity: AlertSeverity;
  readonly metric: string;
  /** Attributes that a series must have. Default: all series of the metric. */
  readonly filter?: AttributeFilter;
  readonly aggregation: Aggregation;
  /** What a `share` is a share of. Default: all series of the metric. */
  readonly of?: { readonly metric?: string; readonly filter?: AttributeFilter };
  /** The alert is about the last so many milliseconds: at most 600,000, in steps of 5,000. */
  readonly windowMs: number;
  /** Fewer values than this are no reason for an alert. Default 1. */
  readonly minCount?: number;
  /** The alert fires above this value. Either `above` or `below` must be there. */
  readonly above?: number;
  /** The alert fires below this value. */
  readonly below?: number;
  /**
   * Hysteresis: a firing alert ends when the value is back at this one, which is on the good side of the threshold.
   * Default: the threshold.
   */
  readonly clearsAt?: number;
  /** The value must be beyond the threshold for this long before the alert fires, in milliseconds. Default 0. */
  readonly forMs?: number;
  /** An alert that has ended does not fire again for this long, in milliseconds. Default 60,000. */
  readonly cooldownMs?: number;
}

/** An alert that fires. */
export interface ActiveAlert {
  /** The name of its rule. */
  readonly rule: string;
  readonly severity: AlertSeverity;
  readonly message: string;
  /** The last value that was found. */
  readonly value: number;
  readonly threshold: number;
  /** When it fired, in milliseconds since the epoch. */
  readonly firedAt: number;
  /** When somebody acknowledged it. */
  readonly acknowledgedAt?: number;
}

/** What `onAlert` receives. */
export interface AlertEvent {
  readonly type: "alert-fired" | "alert-cleared";
  readonly alert: ActiveAlert;
  /** In milliseconds since the epoch. */
  readonly timestamp: number;
}
