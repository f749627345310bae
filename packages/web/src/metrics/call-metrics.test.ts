import { describe, expect, it } from "vitest";
import { makeResult } from "../../test/results.ts";
import { METRIC_UNITS, type Metric } from "../protocol/metric.ts";
import { reportCall } from "./call-metrics.ts";
import { createRecorder } from "./recorder.ts";

function report(result: Parameters<typeof makeResult>[0] = {}): Metric[] {
  const metrics: Metric[] = [];
  const recorder = createRecorder(
    (metric) => metrics.push(metric),
    () => 0,
  );
  reportCall(recorder, makeResult(result));
  return metrics;
}

function values(metrics: readonly Metric[]): Record<string, number> {
  return Object.fromEntries(
    metrics.map(({ name, value, attributes }) => {
      const kind = attributes["gen_ai.token.type"];
      return [kind === undefined ? name : `${name} ${String(kind)}`, value];
    }),
  );
}

const COMMON = {
  "vlm.queue.wait.duration": 0.001,
  "gen_ai.client.operation.duration": 0.021,
  "gen_ai.client.token.usage input": 276,
  "gen_ai.client.token.usage output": 4,
};

const IMAGE_STAGES = { "vlm.image.decode.duration": 0.002, "vlm.preprocess.duration": 0.003 };

const MODEL_STAGES = {
  "vlm.prefill.duration": 0.005,
  "vlm.decode.duration": 0.006,
  "vlm.confidence.mean": 0.75,
  "vlm.confidence.least": 0.5,
  "gen_ai.client.operation.time_to_first_chunk": 0.014,
  "gen_ai.client.operation.time_per_output_chunk": 0.002,
};

describe("reportCall", () => {
  it("reports every stage of a call about an image, in seconds", () => {
    expect(values(report())).toEqual({
      ...COMMON,
      ...IMAGE_STAGES,
      "vlm.vision.duration": 0.004,
      ...MODEL_STAGES,
    });
  });

  it("reports no image stages where there was no image", () => {
    expect(values(report({ images: [] }))).toEqual({ ...COMMON, ...MODEL_STAGES });
  });

  it("reports no model stages for an answer from the cache", () => {
    const metrics = report({ cached: true });
    expect(values(metrics)).toEqual({ ...COMMON, ...IMAGE_STAGES });
    expect(metrics.every(({ attributes }) => attributes["vlm.cached"] === true)).toBe(true);
  });

  it("reports no time between tokens where there was one token", () => {
    const metrics = report({ tokens: { image: 0, prompt: 20, reused: 0, output: 1 } });
    expect(values(metrics)).not.toHaveProperty("gen_ai.client.operation.time_per_output_chunk");
  });

  it("uses known names with their units, and nothing of what was asked or answered", () => {
    const metrics = report({ text: "private answer" });
    for (const { name, unit, attributes } of metrics) {
      expect(METRIC_UNITS[name]).toBe(unit);
      expect(attributes).toMatchObject({ "gen_ai.response.model": "test", "vlm.cached": false });
    }
    expect(JSON.stringify(metrics)).not.toContain("private");
  });
});
