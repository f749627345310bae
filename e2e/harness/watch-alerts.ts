/** Alert rules on a page whose faults are real. A test may shorten their windows: rules are data. */

import {
  builtInAlerts,
  createOps,
  type AlertEvent,
  type AlertRule,
  type Ops,
} from "@fastvlm-kit/ops";

const LIMIT_MS = 180_000;
/** The rules are looked at every five seconds. */
const PAUSE_MS = 50;

export interface AlertWatch {
  readonly ops: Ops;
  /** Every alert that fired or cleared, in order. */
  readonly seen: AlertEvent[];
  /**
   * Does something again and again until this has happened to all of the rules.
   *
   * @throws {Error} that names the rules to which it did not happen within three minutes
   */
  readonly during: (
    type: AlertEvent["type"],
    rules: readonly string[],
    work?: (n: number) => Promise<unknown>,
  ) => Promise<void>;
}

/**
 * Watches the built-in rules of these names.
 *
 * @param changes what is different from the built-in rules, by name
 */
export function watchAlerts(changes: Readonly<Record<string, Partial<AlertRule>>>): AlertWatch {
  const seen: AlertEvent[] = [];
  const ops = createOps({
    databaseName: undefined,
    alerts: builtInAlerts()
      .filter(({ name }) => Object.hasOwn(changes, name))
      .map((rule) => ({ ...rule, ...changes[rule.name] })),
    onAlert: (event) => seen.push(event),
  });
  return {
    ops,
    seen,
    async during(type, rules, work = () => Promise.resolve()) {
      const lacks = (rule: string): boolean =>
        !seen.some((event) => event.type === type && event.alert.rule === rule);
      const endsAt = Date.now() + LIMIT_MS;
      for (let n = 0; rules.some(lacks); n++) {
        if (Date.now() > endsAt) throw new Error(`No ${type}: ${rules.filter(lacks).join(", ")}`);
        await work(n);
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    },
  };
}
