import { expect, it } from "vitest";
import type { Metric } from "../protocol/metric.ts";
import { createRecorder } from "./recorder.ts";

it("fills in unit, time and the attributes of all recorders it came from", () => {
  const metrics: Metric[] = [];
  const recorder = createRecorder(
    (metric) => metrics.push(metric),
    () => 7,
    { "vlm.device": "wasm" },
  );
  recorder.record("vlm.model.download.bytes", 12);
  recorder
    .with({ "vlm.graph": "vision", "vlm.device": "webgpu" })
    .recordMs("vlm.session.create.duration", 1500, { "vlm.graph": "embed" });
  expect(metrics).toEqual([
    {
      name: "vlm.model.download.bytes",
      value: 12,
      unit: "By",
      attributes: { "vlm.device": "wasm" },
      timestamp: 7,
    },
    {
      name: "vlm.session.create.duration",
      value: 1.5,
      unit: "s",
      attributes: { "vlm.device": "webgpu", "vlm.graph": "embed" },
      timestamp: 7,
    },
  ]);
});
