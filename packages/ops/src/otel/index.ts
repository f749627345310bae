/**
 * Metrics and traces through OpenTelemetry. It needs the app's own `@opentelemetry/api`, and `exportMetrics` also
 * `@opentelemetry/sdk-metrics`.
 *
 * @module
 */

export { createMeterSink } from "./meter-sink.ts";
export { exportMetrics } from "./export-metrics.ts";
export type { MetricExport, MetricExportOptions } from "./export-metrics.ts";
export { traceCall, traceStream } from "./trace-call.ts";
export type { TraceOptions } from "./trace-call.ts";
