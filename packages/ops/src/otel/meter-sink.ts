/** Records measurements in a `Meter` of the app. */

import type { Meter } from "@opentelemetry/api";
import type { PointSink } from "../point-sink.ts";
import { instrumentOf } from "../series/instruments.ts";
import type { Point } from "../series/series.ts";

type Record = (point: Point) => void;

/**
 * Records every measurement in `meter`, as counters, gauges and histograms with the kit's own bounds. Where they go from
 * there is the affair of the app's `MeterProvider`.
 *
 * @example
 * const ops = createOps({ sinks: [createMeterSink(metrics.getMeter("my-app"))] });
 */
export function createMeterSink(meter: Meter): PointSink {
  const recordByName = new Map<string, Record>();
  return {
    onPoint(point) {
      let record = recordByName.get(point.name);
      if (!record) recordByName.set(point.name, (record = openInstrument(meter, point)));
      record(point);
    },
  };
}

function openInstrument(meter: Meter, { name, unit }: Point): Record {
  const instrument = instrumentOf(name, unit);
  if (instrument.kind === "counter") {
    const counter = meter.createCounter(name, { unit });
    return ({ value, attributes }) => {
      counter.add(value, attributes);
    };
  }
  const recorder =
    instrument.kind === "gauge"
      ? meter.createGauge(name, { unit })
      : meter.createHistogram(name, {
          unit,
          advice: { explicitBucketBoundaries: [...instrument.bounds] },
        });
  return ({ value, attributes }) => {
    recorder.record(value, attributes);
  };
}
