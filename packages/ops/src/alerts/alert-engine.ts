/** Which alerts fire: looks at every rule from time to time, and remembers what it found before. */

import type { Series } from "../series/series.ts";
import { aggregate } from "./aggregate.ts";
import type { ActiveAlert, AlertEvent, AlertRule, AlertSeverity } from "./alert-rule.ts";

export interface AlertEngine {
  /**
   * Looks at all rules.
   *
   * @param seriesOf returns what was measured in the last so many milliseconds
   * @param now in milliseconds since the epoch
   */
  readonly evaluate: (seriesOf: (windowMs: number) => readonly Series[], now: number) => void;
  /** The alerts that fire, the most severe first. */
  readonly listActive: () => readonly ActiveAlert[];
  /** Returns whether this alert fires. */
  readonly acknowledge: (rule: string, now: number) => boolean;
}

const DEFAULT_COOLDOWN_MS = 60_000;

const RANK: Readonly<Record<AlertSeverity, number>> = { critical: 0, warning: 1, info: 2 };

/** What is remembered of a rule between two looks. */
interface RuleState {
  /** Since when the value has been beyond the threshold. */
  beyondSince?: number | undefined;
  clearedAt?: number;
  alert?: ActiveAlert | undefined;
}

/** @param rules that {@link readAlertRules} has checked */
export function createAlertEngine(
  rules: readonly AlertRule[],
  onAlert: (event: AlertEvent) => void,
): AlertEngine {
  const states = new Map<AlertRule, RuleState>(rules.map((rule) => [rule, {}]));

  const look = (rule: AlertRule, state: RuleState, value: number | undefined, now: number) => {
    const { forMs = 0, cooldownMs = DEFAULT_COOLDOWN_MS } = rule;
    if (state.alert) {
      // Nothing is measured any more: nothing is known to be wrong.
      if (value !== undefined && !isGoodAgain(rule, value)) {
        state.alert = { ...state.alert, value };
        return;
      }
      const { alert } = state;
      Object.assign(state, { alert: undefined, beyondSince: undefined, clearedAt: now });
      onAlert({
        type: "alert-cleared",
        alert: { ...alert, value: value ?? alert.value },
        timestamp: now,
      });
      return;
    }
    if (value === undefined || !isBeyond(rule, value)) {
      state.beyondSince = undefined;
      return;
    }
    state.beyondSince ??= now;
    const isCool = state.clearedAt === undefined || now - state.clearedAt >= cooldownMs;
    if (now - state.beyondSince < forMs || !isCool) return;
    const { name, severity, message } = rule;
    const threshold = thresholdOf(rule);
    state.alert = { rule: name, severity, message, value, threshold, firedAt: now };
    onAlert({ type: "alert-fired", alert: state.alert, timestamp: now });
  };

  return {
    evaluate(seriesOf, now) {
      const seriesByWindow = new Map<number, readonly Series[]>();
      for (const [rule, state] of states) {
        const { windowMs } = rule;
        const series = seriesByWindow.get(windowMs) ?? seriesOf(windowMs);
        seriesByWindow.set(windowMs, series);
        look(rule, state, aggregate(series, rule), now);
      }
    },
    listActive: () =>
      [...states.values()]
        .flatMap(({ alert }) => alert ?? [])
        .sort((a, b) => RANK[a.severity] - RANK[b.severity] || a.firedAt - b.firedAt),
    acknowledge(name, now) {
      const state = [...states].find(([rule]) => rule.name === name)?.[1];
      if (!state?.alert) return false;
      state.alert = { acknowledgedAt: now, ...state.alert };
      return true;
    },
  };
}

function thresholdOf({ above, below }: AlertRule): number {
  return (above ?? below)!;
}

function isBeyond({ above, below }: AlertRule, value: number): boolean {
  return above !== undefined ? value > above : value < below!;
}

function isGoodAgain(rule: AlertRule, value: number): boolean {
  const clearsAt = rule.clearsAt ?? thresholdOf(rule);
  return rule.above !== undefined ? value <= clearsAt : value >= clearsAt;
}
