import { afterEach, expect, it, vi } from "vitest";
import { decodeRequest } from "../../test/otlp-receiver.ts";
import { createSeriesSet } from "../series/series-set.ts";
import type { Point, Series } from "../series/series.ts";
import { createBeacon } from "./beacon.ts";
import { toOtlpJson } from "./otlp-json.ts";
import { toPrometheusText } from "./prometheus.ts";

const POINTS: readonly Point[] = [
  { name: "vlm.calls", unit: "1", value: 2, attributes: { "vlm.outcome": "answered", n: 0 } },
  { name: "vlm.calls", unit: "1", value: 1, attributes: { "vlm.outcome": 'a "b"\\\n' } },
  { name: "vlm.vision.duration", unit: "s", value: 0.2, attributes: { "vlm.cached": false } },
  { name: "vlm.vision.duration", unit: "s", value: 80, attributes: { "vlm.cached": false } },
  { name: "vlm.kv_cache.bytes", unit: "By", value: 64, attributes: {} },
  { name: "gen_ai.client.token.usage", unit: "{token}", value: 3, attributes: {} },
];

function series(): readonly Series[] {
  const set = createSeriesSet();
  for (const point of POINTS) set.add(point, 1_700_000_000_000);
  return set.list();
}

afterEach(() => {
  vi.unstubAllGlobals();
});

it("writes OTLP that a collector reads, with every number in it", () => {
  const span = { from: 1_700_000_000_000, to: 1_700_000_060_000 };
  const json = toOtlpJson(series(), span, { "service.name": "test" });
  const decoded = decodeRequest("/v1/metrics", json) as {
    resourceMetrics: [{ scopeMetrics: [{ metrics: { name: string }[] }] }];
  };
  const { metrics } = decoded.resourceMetrics[0].scopeMetrics[0];
  expect(metrics.map(({ name }) => name)).toEqual([
    "vlm.calls",
    "vlm.vision.duration",
    "vlm.kv_cache.bytes",
    "gen_ai.client.token.usage",
  ]);
  expect(metrics[0]).toMatchObject({
    sum: {
      isMonotonic: true,
      aggregationTemporality: 1,
      dataPoints: [
        {
          asDouble: 2,
          startTimeUnixNano: "1700000000000000000",
          timeUnixNano: "1700000060000000000",
        },
        { asDouble: 1 },
      ],
    },
  });
});

it("is refused by the same receiver when a field has a wrong name", () => {
  const wrong = toOtlpJson(series(), { from: 0, to: 1 }).replaceAll("bucketCounts", "buckets");
  expect(() => decodeRequest("/v1/metrics", wrong)).toThrow("buckets");
});

it("writes the text format of Prometheus", () => {
  const text = toPrometheusText(series());
  const lines = text.split("\n");
  expect(lines).toContain("# TYPE vlm_calls_total counter");
  expect(lines).toContain('vlm_calls_total{vlm_outcome="answered",n="0"} 2');
  expect(lines).toContain('vlm_calls_total{vlm_outcome="a \\"b\\"\\\\\\n"} 1');
  expect(lines).toContain("vlm_kv_cache_bytes 64");
  expect(lines).toContain('vlm_vision_duration_seconds_bucket{vlm_cached="false",le="0.15"} 0');
  expect(lines).toContain('vlm_vision_duration_seconds_bucket{vlm_cached="false",le="0.2"} 1');
  expect(lines).toContain('vlm_vision_duration_seconds_bucket{vlm_cached="false",le="75"} 1');
  expect(lines).toContain('vlm_vision_duration_seconds_bucket{vlm_cached="false",le="+Inf"} 2');
  expect(lines).toContain('vlm_vision_duration_seconds_sum{vlm_cached="false"} 80.2');
  expect(lines).toContain("gen_ai_client_token_usage_tokens_count 1");
  // Every line is one that Prometheus' parser knows.
  const known =
    /^(# TYPE \w+ (counter|gauge|histogram)|\w+(\{(\w+="([^"\\\n]|\\.)*",?)+\})? \S+|)$/;
  expect(lines.filter((line) => !known.test(line))).toEqual([]);
});

it("sends by beacon what was not sent yet, once, and again what the browser refused", async () => {
  const sent: Blob[] = [];
  const sendBeacon = vi.fn((_: string, body: Blob) => sent.push(body) > 0);
  vi.stubGlobal("navigator", { sendBeacon });
  const beacon = createBeacon({ url: "/v1/metrics" });
  expect(beacon.send()).toBe(false); // There is nothing.
  beacon.onPoint(POINTS[0]!);
  sendBeacon.mockReturnValueOnce(false);
  expect(beacon.send()).toBe(false);
  beacon.onPoint(POINTS[0]!);
  expect(beacon.send()).toBe(true);
  expect(beacon.send()).toBe(false);
  expect(sent).toHaveLength(1);
  expect(sent[0]!.type).toBe("application/json");
  const decoded = decodeRequest("/v1/metrics", await sent[0]!.text());
  expect(JSON.stringify(decoded)).toContain('"asDouble":4');
});

it('sends nothing by beacon with network: "none"', () => {
  const sendBeacon = vi.fn();
  vi.stubGlobal("navigator", { sendBeacon });
  const beacon = createBeacon({ url: "/v1/metrics", network: "none" });
  beacon.onPoint(POINTS[0]!);
  expect(beacon.send()).toBe(false);
  expect(sendBeacon).not.toHaveBeenCalled();
});
