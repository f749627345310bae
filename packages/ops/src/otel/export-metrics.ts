/** Sends metrics with an exporter of the app, from time to time. */

import {
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from "@opentelemetry/sdk-metrics";
import type { PointSink } from "../point-sink.ts";
import { createMeterSink } from "./meter-sink.ts";

export interface MetricExportOptions {
  /** Such as `OTLPMetricExporter` of `@opentelemetry/exporter-metrics-otlp-http`. */
  readonly exporter: PushMetricExporter;
  /** The option that `createVlm` has: with `none` the exporter is never called. Default `any`. */
  readonly network?: "any" | "none";
  /** Default 60,000 ms. */
  readonly intervalMs?: number;
}

/** Of `sinks` of `createOps`. */
export interface MetricExport extends PointSink {
  /** Sends now what was measured. */
  readonly flush: () => Promise<void>;
  /** Sends what was measured, and ends the exporter. */
  readonly dispose: () => Promise<void>;
}

/**
 * Sends every measurement through `exporter`. Without a call of this function nothing is sent.
 *
 * @example
 * const sink = exportMetrics({ exporter: new OTLPMetricExporter({ url: "/v1/metrics" }) });
 * const ops = createOps({ sinks: [sink] });
 */
export function exportMetrics({
  exporter,
  network = "any",
  intervalMs = 60_000,
}: MetricExportOptions): MetricExport {
  if (network === "none") {
    const nothing = (): Promise<void> => Promise.resolve();
    return { onPoint: () => undefined, flush: nothing, dispose: nothing };
  }
  const reader = new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis: intervalMs,
    exportTimeoutMillis: Math.min(30_000, intervalMs),
  });
  const provider = new MeterProvider({ readers: [reader] });
  return {
    ...createMeterSink(provider.getMeter("@fastvlm-kit/ops")),
    flush: () => provider.forceFlush(),
    dispose: () => provider.shutdown(),
  };
}
