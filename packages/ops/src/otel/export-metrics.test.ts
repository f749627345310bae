import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { startOtlpReceiver, type OtlpReceiver } from "../../test/otlp-receiver.ts";
import type { Point } from "../series/series.ts";
import { exportMetrics } from "./export-metrics.ts";

let receiver: OtlpReceiver;

beforeAll(async () => {
  receiver = await startOtlpReceiver();
});

beforeEach(() => {
  receiver.received.length = 0;
});

afterAll(() => receiver.close());

const POINTS: readonly Point[] = [
  { name: "vlm.vision.duration", unit: "s", value: 0.2, attributes: { "vlm.device": "wasm" } },
  { name: "vlm.vision.duration", unit: "s", value: 0.4, attributes: { "vlm.device": "wasm" } },
  { name: "vlm.calls", unit: "1", value: 1, attributes: { "vlm.outcome": "answered" } },
  { name: "vlm.page.memory", unit: "By", value: 5e8, attributes: {} },
];

const openExporter = () => new OTLPMetricExporter({ url: `${receiver.origin}/v1/metrics` });

it("sends counters, gauges and histograms that a collector reads", async () => {
  const sink = exportMetrics({ exporter: openExporter() });
  POINTS.forEach(sink.onPoint);
  await sink.flush();
  await sink.dispose();
  expect(receiver.refused).toEqual([]);
  const [{ scopeMetrics }] = bodyOf(receiver, 0).resourceMetrics;
  expect(scopeMetrics[0].scope.name).toBe("@fastvlm-kit/ops");
  expect(scopeMetrics[0].metrics).toMatchObject([
    {
      name: "vlm.vision.duration",
      unit: "s",
      histogram: {
        dataPoints: [
          {
            count: "2",
            min: 0.2,
            max: 0.4,
            explicitBounds: expect.arrayContaining([0.5]) as number[],
          },
        ],
      },
    },
    { name: "vlm.calls", sum: { isMonotonic: true, dataPoints: [{ asDouble: 1 }] } },
    { name: "vlm.page.memory", gauge: { dataPoints: [{ asDouble: 5e8 }] } },
  ]);
});

it('sends nothing with network: "none"', async () => {
  const exporter = openExporter();
  const sink = exportMetrics({ exporter, network: "none" });
  POINTS.forEach(sink.onPoint);
  await sink.flush();
  await sink.dispose();
  expect(receiver.received).toEqual([]);
});

interface Body {
  readonly resourceMetrics: [
    { readonly scopeMetrics: [{ readonly scope: { name: string }; readonly metrics: unknown[] }] },
  ];
}

function bodyOf({ received }: OtlpReceiver, index: number): Body {
  return received[index]!.body as Body;
}
