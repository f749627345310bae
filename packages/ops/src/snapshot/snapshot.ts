/** What the kit did in a span of time, as plain data that JSON can hold. Dashboards and exporters read it. */

import type { EndedCall } from "@fastvlm-kit/web";
import type { ActiveAlert } from "../alerts/alert-rule.ts";
import type { MergedMinute } from "../minutes/minute-log.ts";
import type { Series } from "../series/series.ts";

export interface OpsSnapshot {
  /** The version of this form. */
  readonly schema: 1;
  /** When it was made, in milliseconds since the epoch. So are `from` and `to`. */
  readonly createdAt: number;
  readonly from: number;
  readonly to: number;
  /** One entry for each minute in which something was measured, in any tab; earlier minutes first. */
  readonly minutes: readonly MergedMinute[];
  /** The series of all these minutes together. */
  readonly totals: readonly Series[];
  /** The last calls of this tab, at most 100; earlier calls first. */
  readonly calls: readonly EndedCall[];
  /** The alerts that fire in this tab. */
  readonly alerts: readonly ActiveAlert[];
  /** Whether what is measured outlives this page. */
  readonly isPersistent: boolean;
}
