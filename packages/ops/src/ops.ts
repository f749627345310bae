/// <reference lib="esnext.disposable" preserve="true" />

/** What `createOps` returns, and its options. */

import type { Metric, VlmEvent } from "@fastvlm-kit/web";
import type { ActiveAlert, AlertEvent, AlertRule } from "./alerts/alert-rule.ts";
import type { PointSink } from "./point-sink.ts";
import type { Profile } from "./profile/profile.ts";
import type { OpsSnapshot } from "./snapshot/snapshot.ts";

export interface OpsOptions {
  /** How many days minutes are kept. Default 7. */
  readonly retentionDays?: number;
  /** Above this many bytes the oldest minutes are deleted. Default 8 MiB. */
  readonly maxBytes?: number;
  /**
   * The name of the IndexedDB database, which all tabs of the origin share. Default `fastvlm-kit-ops`. `undefined` keeps
   * everything in memory.
   */
  readonly databaseName?: string | undefined;
  /** Default `builtInAlerts()`. */
  readonly alerts?: readonly AlertRule[];
  /** Receive every measurement too, for instance to send it: `createBeacon`, or those of `@fastvlm-kit/ops/otel`. */
  readonly sinks?: readonly PointSink[];
  /** Is told when an alert fires, and when it ends. */
  readonly onAlert?: (event: AlertEvent) => void;
}

/** Which minutes a snapshot is about. */
export interface SnapshotRange {
  /** In milliseconds since the epoch. Default: one hour before `to`. */
  readonly from?: number;
  /** In milliseconds since the epoch. Default: now. */
  readonly to?: number;
}

/** The metrics of one page, kept by minute and merged with those of the origin's other tabs. */
export interface Ops extends AsyncDisposable {
  /** Pass it to `createVlm` and `createModelLibrary`. Never throws. */
  readonly onMetric: (metric: Metric) => void;
  /** Pass it to `createVlm` and `createModelLibrary`. Never throws. */
  readonly onEvent: (event: VlmEvent) => void;
  /** Reads what was measured in all tabs. Never rejects: without a store, it is what this tab measured. */
  snapshot(range?: SnapshotRange): Promise<OpsSnapshot>;
  /**
   * Calls `listener` after something was measured or an alert changed, at most once a second.
   *
   * @returns a function that ends it
   */
  readonly subscribe: (listener: () => void) => () => void;
  /** The alerts that fire in this tab, the most severe first. */
  readonly getActiveAlerts: () => readonly ActiveAlert[];
  /** Marks an alert as seen. It goes on firing until its value is good again. Returns whether it fires. */
  acknowledgeAlert(rule: string): boolean;
  /**
   * Begins to write down every stage, count and span of this tab. Several profiles may run at the same time.
   *
   * @example
   * const profile = ops.startProfile("first visit");
   * await vlm.caption(image);
   * const file = new Blob([toChromeTrace(profile.stop())]); // Opens in Perfetto.
   */
  startProfile(name: string): Profile;
  /** Stores what was measured until now. It happens by itself every ten seconds, and when the page is hidden. */
  flush(): Promise<void>;
  /** Stores what was measured, and stops every timer. */
  dispose(): Promise<void>;
}
