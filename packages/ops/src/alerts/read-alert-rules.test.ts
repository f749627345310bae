import { expect, it } from "vitest";
import { builtInAlerts } from "./built-in-alerts.ts";
import { readAlertRules } from "./read-alert-rules.ts";

const rule = {
  name: "test",
  message: "Test.",
  severity: "info",
  metric: "m",
  aggregation: "last",
  windowMs: 60_000,
  above: 1,
};

it("takes the built-in rules, also after a way through JSON", () => {
  const rules = builtInAlerts();
  expect(readAlertRules(JSON.parse(JSON.stringify(rules)))).toEqual(rules);
});

it.each([
  [{ ...rule, aggregation: "p90" }, /at 0\.aggregation: .*p95/],
  [{ ...rule, threshold: 1 }, /at 0\.threshold/],
  [{ ...rule, below: 1 }, /either `above` or `below`/],
  [{ ...rule, above: undefined }, /at 0\.above/],
  [{ ...rule, clearsAt: 2 }, /`clearsAt` on the good side/],
  [{ ...rule, windowMs: 3_600_000 }, /at 0\.windowMs/],
  [null, /at 0/],
])("refuses %j, and says why", (wrong, reason) => {
  expect(() => readAlertRules([wrong])).toThrow(reason);
  expect(() => readAlertRules([wrong])).toThrow(TypeError);
});

it("refuses two rules with one name", () => {
  expect(() => readAlertRules([rule, rule])).toThrow("Two alert rules have the name test.");
});
