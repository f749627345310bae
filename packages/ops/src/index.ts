/**
 * What the kit does in the browsers of an app's users: metrics by minute, alerts, and exporters. Nothing leaves the
 * device unless the app sends it.
 *
 * @module
 */

export { createOps } from "./create-ops.ts";
export { createTotals } from "./create-totals.ts";
export type { Totals } from "./create-totals.ts";
export { toOpsOptions } from "./to-ops-options.ts";
export type { MonitoringConfig } from "./to-ops-options.ts";
export type { Ops, OpsOptions, SnapshotRange } from "./ops.ts";
export type { OpsSnapshot } from "./snapshot/snapshot.ts";
export type { MergedMinute } from "./minutes/minute-log.ts";

export type {
  CounterSeries,
  GaugeSeries,
  HistogramSeries,
  Point,
  Series,
  SeriesAttributes,
} from "./series/series.ts";
export type { AttributeFilter } from "./series/read-series.ts";
export {
  countOf,
  histogramOf,
  lastOf,
  listSeries,
  meanOf,
  percentileOf,
} from "./series/read-series.ts";
export { mergeSeries } from "./series/series-set.ts";

export { parseSnapshot } from "./snapshot/parse-snapshot.ts";

export { toPrometheusText } from "./export/prometheus.ts";
export { toOtlpJson } from "./export/otlp-json.ts";
export type { ExportSpan } from "./export/otlp-json.ts";
export { createBeacon } from "./export/beacon.ts";
export type { Beacon, BeaconOptions } from "./export/beacon.ts";
export type { PointSink } from "./point-sink.ts";

export type { GpuSample, Profile, ProfileReport, StageTotal } from "./profile/profile.ts";
export type { ProfileSpan } from "./profile/profile-spans.ts";
export { toChromeTrace } from "./profile/chrome-trace.ts";

export { optimizeConfiguration } from "./advice/optimize-configuration.ts";
export { applySuggestions } from "./advice/suggestion.ts";
export type {
  PageFacts,
  SuggestedCallOptions,
  SuggestedOptions,
  Suggestion,
} from "./advice/suggestion.ts";

export { builtInAlerts } from "./alerts/built-in-alerts.ts";
export type {
  ActiveAlert,
  Aggregation,
  AlertEvent,
  AlertRule,
  AlertSeverity,
} from "./alerts/alert-rule.ts";
