/** Checks the rules that an app gives, which may come from JSON. */

import {
  array,
  boolean,
  check,
  exactOptional,
  finite,
  maxValue,
  minLength,
  minValue,
  null_,
  number,
  picklist,
  pipe,
  readonly,
  record,
  safeParse,
  strictObject,
  string,
  union,
} from "valibot";
import { MAX_WINDOW_MS } from "../series/recent-series.ts";
import type { AlertRule } from "./alert-rule.ts";

const attributes = record(
  string(),
  union([string(), number(), boolean(), null_(), pipe(array(string()), readonly())]),
);
const text = pipe(string(), minLength(1));
const milliseconds = pipe(number(), finite(), minValue(0));
const value = pipe(number(), finite());

export const alertRule = pipe(
  strictObject({
    name: text,
    message: text,
    severity: picklist(["info", "warning", "critical"]),
    metric: text,
    filter: exactOptional(attributes),
    aggregation: picklist(["p50", "p95", "p99", "mean", "min", "max", "last", "count", "share"]),
    of: exactOptional(
      strictObject({ metric: exactOptional(text), filter: exactOptional(attributes) }),
    ),
    windowMs: pipe(number(), minValue(5_000), maxValue(MAX_WINDOW_MS)),
    minCount: exactOptional(pipe(number(), minValue(1))),
    above: exactOptional(value),
    below: exactOptional(value),
    clearsAt: exactOptional(value),
    forMs: exactOptional(milliseconds),
    cooldownMs: exactOptional(milliseconds),
  }),
  check(
    ({ above, below }) => (above === undefined) !== (below === undefined),
    "Expected either `above` or `below`",
  ),
  check(
    ({ above, below, clearsAt }) =>
      clearsAt === undefined ||
      (clearsAt <= (above ?? Infinity) && clearsAt >= (below ?? -Infinity)),
    "Expected `clearsAt` on the good side of the threshold",
  ),
);

/** @throws {TypeError} that names the rule and the field which are wrong */
export function readAlertRules(given: unknown): readonly AlertRule[] {
  const { success, output, issues } = safeParse(array(alertRule), given);
  if (!success) {
    const [{ message, path = [] }] = issues;
    const where = path.map(({ key }) => String(key)).join(".");
    throw new TypeError(`An alert rule is wrong at ${where || "its root"}: ${message}.`);
  }
  assertDifferentNames(output);
  return output;
}

/** @throws {TypeError} that has the name which two rules have */
export function assertDifferentNames(rules: readonly AlertRule[]): void {
  const names = rules.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new TypeError(`Two alert rules have the name ${twice}.`);
}
