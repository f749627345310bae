/** Alert rules on a page whose faults are real. A test may shorten their windows: rules are data. */

import {
  builtInAlerts,
  createOps,
  type AlertEvent,
  type AlertRule,
  type Ops,
} from "@fastvlm-kit/ops";

export interface AlertWatch {
  readonly ops: Ops;
  /** Every alert that fired or cleared, in order. */
  readonly seen: AlertEvent[];
  /** Resolves when this has happened to all of the rules. The test's own limit ends a wait that is in vain. */
  readonly until: (type: AlertEvent["type"], rules: readonly string[]) => Promise<void>;
}

/**
 * Watches the built-in rules of these names.
 *
 * @param changes what is different from the built-in rules, by name
 */
export function watchAlerts(changes: Readonly<Record<string, Partial<AlertRule>>>): AlertWatch {
  const seen: AlertEvent[] = [];
  const waiting = new Set<() => void>();
  const ops = createOps({
    databaseName: undefined,
    alerts: builtInAlerts()
      .filter(({ name }) => Object.hasOwn(changes, name))
      .map((rule) => ({ ...rule, ...changes[rule.name] })),
    onAlert: (event) => {
      seen.push(event);
      for (const look of waiting) look();
    },
  });
  const has = (type: AlertEvent["type"], rule: string): boolean =>
    seen.some((event) => event.type === type && event.alert.rule === rule);
  return {
    ops,
    seen,
    until: (type, rules) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!rules.every((rule) => has(type, rule))) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
  };
}
