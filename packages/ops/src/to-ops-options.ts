/** The options of `createOps` from a configuration that JSON can hold. */

import {
  array,
  exactOptional,
  finite,
  integer,
  minLength,
  minValue,
  never,
  null_,
  number,
  objectWithRest,
  optional,
  pipe,
  readonly,
  safeParse,
  string,
  union,
  type BaseIssue,
} from "valibot";
import { alertRule, assertDifferentNames } from "./alerts/read-alert-rules.ts";
import type { OpsOptions } from "./ops.ts";

/** The section `monitoring` of a configuration. What is left out has the default of its option. */
export interface MonitoringConfig extends Pick<
  OpsOptions,
  "retentionDays" | "maxBytes" | "alerts"
> {
  /** `null`, since JSON has no `undefined`, keeps everything in memory. */
  readonly databaseName?: string | null;
}

const monitoring = objectWithRest(
  {
    retentionDays: exactOptional(pipe(number(), finite(), minValue(0))),
    maxBytes: exactOptional(pipe(number(), integer(), minValue(0))),
    databaseName: exactOptional(union([pipe(string(), minLength(1)), null_()])),
    alerts: exactOptional(pipe(array(alertRule), readonly())),
  },
  never("No option of monitoring has this name"),
);

const config = optional(monitoring, {});

/**
 * Options of `createOps` from the section `monitoring` of a configuration. The other sections are those of the SDK, which
 * its own `parseConfig` checks.
 *
 * @example
 * const config = parseConfig(json); // of `@fastvlm-kit/web/config`
 * const ops = createOps({ ...toOpsOptions(config), onAlert });
 * @throws {TypeError} that names the fields which are wrong or unknown by their paths
 */
export function toOpsOptions(given: {
  readonly monitoring?: unknown;
}): Omit<OpsOptions, "onAlert"> {
  const { success, output, issues } = safeParse(config, given.monitoring);
  if (!success) throw new TypeError(issues.map(toSentence).join("\n"));
  if (output.alerts) assertDifferentNames(output.alerts);
  const { databaseName, ...options } = output satisfies MonitoringConfig;
  if (databaseName === undefined) return options;
  return { ...options, databaseName: databaseName ?? undefined };
}

function toSentence({ path, message }: BaseIssue<unknown>): string {
  const where = ["monitoring", ...(path ?? []).map(({ key }) => String(key))].join(".");
  return `The configuration is wrong at ${where}: ${message}.`;
}
