/** Takes what the SDK reports, keeps it by minute, and looks at the alert rules. */

import type { EndedCall, Metric, VlmEvent } from "@fastvlm-kit/web";
import { createAlertEngine } from "./alerts/alert-engine.ts";
import { builtInAlerts } from "./alerts/built-in-alerts.ts";
import { readAlertRules } from "./alerts/read-alert-rules.ts";
import { pointsOfCall } from "./intake/call-points.ts";
import { toPoint } from "./intake/metric-points.ts";
import { createLeftMinutes } from "./minutes/left-minutes.ts";
import { MinuteLog } from "./minutes/minute-log.ts";
import { minuteOf } from "./minutes/minute-record.ts";
import { createMinuteStore } from "./minutes/minute-store.ts";
import type { Ops, OpsOptions, SnapshotRange } from "./ops.ts";
import { createProfile, type ProfileRecorder } from "./profile/profile.ts";
import { createRecentSeries } from "./series/recent-series.ts";
import { createSeriesSet, mergeSeries } from "./series/series-set.ts";
import type { Point } from "./series/series.ts";
import { ASYNC_DISPOSE } from "./dispose-symbol.ts";
import { createListeners } from "./listeners.ts";
import { onPageHidden } from "./page-hidden.ts";
import type { OpsSnapshot } from "./snapshot/snapshot.ts";
import { sampleMemory, sampleStorage } from "./system/sample-system.ts";

const FLUSH_MS = 10_000;
const ALERT_MS = 5_000;
const SAMPLE_MS = 30_000;
const PRUNE_MS = 3_600_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MAX_CALLS = 100;

/** What is reported when the model's files were stored, found or deleted. */
const CHANGES_STORAGE: ReadonlySet<Metric["name"]> = new Set([
  "vlm.model.download.duration",
  "vlm.model.load.duration",
  "vlm.model.cache.evictions",
]);

/** Creates the metrics of this page. Pass its `onMetric` and `onEvent` to `createVlm`. */
export function createOps(options: OpsOptions = {}): Ops {
  const {
    retentionDays = 7,
    maxBytes = 8 * 2 ** 20,
    alerts = builtInAlerts(),
    sinks = [],
    onAlert,
  } = options;
  const databaseName = "databaseName" in options ? options.databaseName : "fastvlm-kit-ops";
  const canStore = databaseName !== undefined && "indexedDB" in globalThis;
  const log = new MinuteLog({
    store: canStore ? createMinuteStore(databaseName) : undefined,
    left: canStore ? createLeftMinutes(databaseName) : undefined,
    retentionMs: retentionDays * DAY_MS,
    maxBytes,
    now: Date.now,
  });
  const tab = crypto.randomUUID();
  const recent = createRecentSeries();
  const calls: EndedCall[] = [];
  const profiles = new Set<ProfileRecorder>();
  const listeners = createListeners();
  const engine = createAlertEngine(readAlertRules(alerts), (event) => {
    listeners.notify();
    guard(() => onAlert?.(event));
  });

  let minute = minuteOf(Date.now());
  let set = createSeriesSet();
  let isChanged = false;
  let isMeasuringMemory = false;

  const keep = (): void => {
    if (!isChanged) return;
    log.put({ schema: 1, minute, tab, series: set.list() });
    isChanged = false;
  };

  const add = (points: readonly Point[]): void => {
    // The page's clock, not that of the measurement: the worker's may differ after the device slept.
    const now = Date.now();
    if (minuteOf(now) !== minute) {
      keep();
      minute = minuteOf(now);
      set = createSeriesSet();
    }
    for (const point of points) {
      set.add(point, now);
      recent.add(point, now);
      for (const sink of sinks) {
        guard(() => {
          sink.onPoint(point);
        });
      }
    }
    isChanged ||= points.length > 0;
    listeners.notify();
  };

  const flush = async (): Promise<void> => {
    keep();
    await log.flush();
  };

  const evaluate = (): void => {
    const now = Date.now();
    engine.evaluate((windowMs) => recent.list(windowMs, now), now);
  };

  /** A browser may take minutes to measure its memory. It is not asked again before it has answered. */
  const measureMemory = async (): Promise<void> => {
    if (isMeasuringMemory) return;
    isMeasuringMemory = true;
    add(await sampleMemory());
    isMeasuringMemory = false;
  };

  const measureStorage = async (): Promise<void> => {
    add(await sampleStorage());
  };

  const sample = (): void => {
    void measureMemory();
    void measureStorage();
  };

  const timers = [
    setInterval(() => void flush(), FLUSH_MS),
    setInterval(evaluate, ALERT_MS),
    setInterval(sample, SAMPLE_MS),
    setInterval(() => void log.prune(), PRUNE_MS),
  ];
  sample();
  void log.prune();
  const unhook = onPageHidden(() => {
    keep();
    log.leave();
    void flush();
  });

  const dispose = async (): Promise<void> => {
    timers.forEach(clearInterval);
    unhook();
    listeners.clear();
    await flush();
  };

  return {
    onMetric(metric: Metric) {
      for (const profile of profiles) profile.onMetric(metric);
      add([toPoint(metric)]);
      if (CHANGES_STORAGE.has(metric.name)) void measureStorage();
    },
    onEvent(event: VlmEvent) {
      if (event.type !== "call-ended") return;
      for (const profile of profiles) profile.onCall(event.call);
      calls.push(event.call);
      if (calls.length > MAX_CALLS) calls.shift();
      add(pointsOfCall(event.call));
    },
    async snapshot({
      to = Date.now(),
      from = to - HOUR_MS,
    }: SnapshotRange = {}): Promise<OpsSnapshot> {
      keep();
      const minutes = await log.read(from, to);
      return {
        schema: 1,
        createdAt: Date.now(),
        from,
        to,
        minutes,
        totals: mergeSeries(...minutes.map(({ series }) => series)),
        calls: [...calls],
        alerts: engine.listActive(),
        isPersistent: log.isPersistent,
      };
    },
    subscribe: listeners.subscribe,
    getActiveAlerts: engine.listActive,
    acknowledgeAlert(rule) {
      const fires = engine.acknowledge(rule, Date.now());
      if (fires) listeners.notify();
      return fires;
    },
    startProfile(name) {
      const profile = createProfile(name, Date.now);
      profiles.add(profile);
      return {
        stop: () => {
          profiles.delete(profile);
          return profile.stop();
        },
      };
    },
    flush,
    dispose,
    [ASYNC_DISPOSE]: dispose,
  };
}

/** Calls a function of the app. Its errors go to the page's `error` event, and disturb nothing here. */
function guard(callback: () => void): void {
  try {
    callback();
  } catch (error) {
    reportError(error);
  }
}
