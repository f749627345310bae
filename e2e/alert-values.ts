import type { AlertEvent } from "@fastvlm-kit/ops";

/** What happened to each rule, in order, with the value that it had. */
export function valuesByRule(seen: readonly AlertEvent[]): Record<string, [string, number][]> {
  const values: Record<string, [string, number][]> = {};
  for (const { type, alert } of seen) (values[alert.rule] ??= []).push([type, alert.value]);
  return values;
}
