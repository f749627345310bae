/** Creates metrics. Name, unit and time are filled in here, in one place. */

import {
  METRIC_UNITS,
  type Metric,
  type MetricAttributes,
  type MetricName,
} from "../protocol/metric.ts";

/** Reports one value. */
export interface Recorder {
  record(name: MetricName, value: number, attributes?: MetricAttributes): void;
  /** Takes a duration in milliseconds and reports it in seconds. */
  recordMs(name: MetricName, milliseconds: number, attributes?: MetricAttributes): void;
  /** Returns a recorder that adds `attributes` to every metric. */
  with(attributes: MetricAttributes): Recorder;
}

/**
 * @param emit receives every metric
 * @param now returns the time in milliseconds since the epoch
 */
export function createRecorder(
  emit: (metric: Metric) => void,
  now: () => number,
  base: MetricAttributes = {},
): Recorder {
  const record: Recorder["record"] = (name, value, attributes = {}) => {
    emit({
      name,
      value,
      unit: METRIC_UNITS[name],
      attributes: { ...base, ...attributes },
      timestamp: now(),
    });
  };
  return {
    record,
    recordMs: (name, milliseconds, attributes) => {
      record(name, milliseconds / 1000, attributes);
    },
    with: (attributes) => createRecorder(emit, now, { ...base, ...attributes }),
  };
}
