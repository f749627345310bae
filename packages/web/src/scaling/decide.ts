/**
 * Decides how many workers there should be: a pure function of what is observed and of what it decided before. So the same
 * code runs in the page and in the simulator (`packages/web/test/simulate`).
 */

import type { ScalingReason } from "../protocol/scaling.ts";
import { workersFor } from "./staffing.ts";
import { expectedRate, observe, startForecast, type Forecast } from "./forecast.ts";

/** What is observed. Times are in milliseconds of one clock. */
export interface Load {
  readonly now: number;
  /** Workers that are loaded or starting. */
  readonly workers: number;
  /** Calls that run. */
  readonly running: number;
  readonly waiting: number;
  /** All calls that were made since the beginning. */
  readonly arrivals: number;
  /** How long a call takes without its wait; undefined before one was measured. */
  readonly callMs: number | undefined;
  /** How long a worker takes to start. */
  readonly startMs: number | undefined;
  /** How many workers are possible now, whatever the options say. */
  readonly ceiling: number;
}

/** The options, with every default filled in. */
export interface ScalingSettings {
  readonly min: number;
  readonly max: number;
  /** Undefined: as long as a call takes, and at least {@link SHORT_WAIT_MS}. */
  readonly targetWaitMs: number | undefined;
  readonly targetLatencyMs: number;
  readonly cooldownUpMs: number;
  readonly cooldownDownMs: number;
  readonly idleMs: number;
  readonly prediction: "holt" | "none";
}

/** What the next decision has to know. */
export interface ScalingState {
  readonly forecast: Forecast;
  readonly changedAt: number;
  /** Since when fewer workers are enough, and how many of them were needed at most since then. */
  readonly low: { readonly since: number; readonly peak: number } | undefined;
  /** When a call ran or waited last. */
  readonly activeAt: number;
}

export interface Decision {
  readonly workers: number;
  /** Present if `workers` differs from what there is. */
  readonly reason: ScalingReason | undefined;
  readonly state: ScalingState;
}

/** What a call may take before one was measured. */
const UNMEASURED_MS = 1000;

/** Nobody minds a wait of this length. */
const SHORT_WAIT_MS = 500;

export function startScaling(now: number): ScalingState {
  return { forecast: startForecast(now), changedAt: -Infinity, low: undefined, activeAt: now };
}

export function decide(state: ScalingState, load: Load, settings: ScalingSettings): Decision {
  const { now, workers, running, waiting } = load;
  const forecast = observe(state.forecast, now, load.arrivals, load.callMs);
  const isActive = running + waiting > 0;
  const activeAt = isActive ? now : state.activeAt;
  const max = Math.max(1, Math.min(settings.max, load.ceiling));
  const min = Math.min(settings.min, max);
  const keep = { ...state, forecast, activeAt };

  const since = now - state.changedAt;
  const mayGoUp = since >= settings.cooldownUpMs;
  const mayGoDown = since >= settings.cooldownDownMs;
  const change = (to: number, reason: ScalingReason): Decision => ({
    workers: to,
    reason,
    state: { ...keep, changedAt: now, low: undefined },
  });
  const stay = (low: ScalingState["low"]): Decision => ({
    workers,
    reason: undefined,
    state: { ...keep, low },
  });

  if (workers > max) return mayGoDown ? change(max, "limit") : stay(undefined);
  // A call that finds no worker at all waits for no cool-down.
  if (workers === 0 && isActive) return change(Math.max(1, min), "queue-wait");
  if (workers < min) return mayGoUp ? change(min, "minimum") : stay(undefined);

  const { count, reason } = neededWorkers(forecast, load, settings);
  const needed = Math.min(Math.max(count, min, isActive ? 1 : 0), max);
  if (needed > workers && workers > 0) return mayGoUp ? change(needed, reason) : stay(undefined);

  if (!isActive && now - activeAt >= settings.idleMs && min === 0 && workers > 0) {
    return mayGoDown ? change(0, "idle") : stay(state.low);
  }
  // The last worker ends only when the model is idle.
  const least = Math.max(needed, 1);
  if (least >= workers) return stay(undefined);
  const low = { since: state.low?.since ?? now, peak: Math.max(state.low?.peak ?? 0, least) };
  if (mayGoDown && now - low.since >= settings.cooldownDownMs) return change(low.peak, "quiet");
  return stay(low);
}

/** How many workers answer what waits and what comes, in the time that is wanted; not more than `max`. */
function neededWorkers(
  forecast: Forecast,
  { workers, running, waiting, callMs = UNMEASURED_MS, startMs = UNMEASURED_MS }: Load,
  { targetWaitMs, targetLatencyMs, prediction, max }: ScalingSettings,
): { readonly count: number; readonly reason: ScalingReason } {
  const wantedMs = targetWaitMs ?? Math.max(SHORT_WAIT_MS, callMs);
  const waitMs = Math.max(1, Math.min(wantedMs, targetLatencyMs - callMs));
  // Those that run have done half of their work, on average.
  const backlogMs = waiting > 0 ? (waiting + running / 2) * callMs : 0;
  // A worker that starts now finds what the others have left until then. More workers than calls would have nothing to do.
  const leftMs = Math.max(0, backlogMs - workers * startMs);
  const drain = Math.min(Math.ceil(leftMs / waitMs), running + waiting);
  const keepUp = (rate: number): number => workersFor(rate, callMs, waitMs, max);
  const now = keepUp(expectedRate(forecast, 0));
  const soon = prediction === "holt" ? keepUp(expectedRate(forecast, startMs)) : 0;
  const count = Math.max(drain, now, soon);
  if (drain === count) return { count, reason: "queue-wait" };
  return { count, reason: now === count ? "arrivals" : "prediction" };
}
