import { expect, expectTypeOf, it } from "vitest";
import { builtInAlerts } from "./alerts/built-in-alerts.ts";
import type { OpsOptions } from "./ops.ts";
import { toOpsOptions, type MonitoringConfig } from "./to-ops-options.ts";

const full = {
  retentionDays: 30,
  maxBytes: 2 ** 20,
  databaseName: "photos-ops",
  alerts: builtInAlerts(),
} satisfies Required<MonitoringConfig>;

it("takes every option that JSON can hold, and only the callback is missing", () => {
  const given: unknown = JSON.parse(JSON.stringify({ monitoring: full }));
  expect(toOpsOptions(given as { monitoring: unknown })).toEqual(full);
  expectTypeOf<keyof MonitoringConfig>().toEqualTypeOf<
    Exclude<keyof OpsOptions, "onAlert" | "sinks">
  >();
});

it("leaves to the defaults what is left out", () => {
  expect(toOpsOptions({})).toEqual({});
  expect(toOpsOptions({ monitoring: { retentionDays: 1 } })).not.toHaveProperty("databaseName");
});

it("keeps everything in memory where the name of the database is null", () => {
  const options = toOpsOptions({ monitoring: { databaseName: null } });
  expect("databaseName" in options).toBe(true);
  expect(options.databaseName).toBeUndefined();
});

it("names every field that is wrong or unknown by its path", () => {
  const [rule] = builtInAlerts();
  const monitoring = {
    retentionDay: 7,
    keep: true,
    maxBytes: -1,
    alerts: [rule, { ...rule, name: "other", above: "0.5" }],
  };
  expect(() => toOpsOptions({ monitoring })).toThrow(TypeError);
  for (const path of ["retentionDay", "keep", "maxBytes", "alerts.1.above"]) {
    expect(() => toOpsOptions({ monitoring })).toThrow(`wrong at monitoring.${path}: `);
  }
});

it.each([{ retentionDays: -1 }, { retentionDays: NaN }, { maxBytes: 0.5 }, { databaseName: "" }])(
  "refuses %j",
  (monitoring) => {
    const [name] = Object.keys(monitoring);
    expect(() => toOpsOptions({ monitoring })).toThrow(`wrong at monitoring.${name!}: `);
  },
);

it.each([[null], [["keep"]], [7]])("refuses %j as the whole section", (monitoring) => {
  expect(() => toOpsOptions({ monitoring })).toThrow("wrong at monitoring");
});

it("refuses two rules with one name", () => {
  const alerts = [...builtInAlerts(), ...builtInAlerts()];
  expect(() => toOpsOptions({ monitoring: { alerts } })).toThrow("Two alert rules have the name");
});
