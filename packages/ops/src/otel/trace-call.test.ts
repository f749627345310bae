import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from "@opentelemetry/sdk-trace-base";
import type { GenerateEvent, VlmResult } from "@fastvlm-kit/web";
import { beforeEach, describe, expect, it } from "vitest";
import { startOtlpReceiver } from "../../test/otlp-receiver.ts";
import { traceCall, traceStream } from "./trace-call.ts";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const PARENT_ID = "b7ad6b7169203331";
const traceparent = `00-${TRACE_ID}-${PARENT_ID}-01`;

const RESULT: VlmResult = {
  text: "private answer",
  finishReason: "stop",
  model: { id: "test", revision: "1", variant: "int8" },
  device: "wasm",
  ranOn: { kind: "device" },
  cached: false,
  timings: {
    queueMs: 10,
    imageDecodeMs: 0,
    preprocessMs: 3,
    visionMs: 40,
    prefillMs: 5,
    decodeMs: 60,
    timeToFirstTokenMs: 48,
    totalMs: 118,
  },
  tokens: { image: 16, prompt: 20, reused: 0, output: 4 },
  confidence: { mean: 0.9, least: 0.5, firstTokenEntropy: 0.1 },
  images: [],
  tokensPerSecond: 50,
};

const exporter = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const tracer = provider.getTracer("test");

beforeEach(() => {
  exporter.reset();
});

const msOf = ([seconds, nanoseconds]: [number, number]): number =>
  seconds * 1000 + nanoseconds / 1e6;

function spans(): { readonly call: ReadableSpan; readonly stages: ReadableSpan[] } {
  const all = exporter.getFinishedSpans();
  const call = all.find(({ name }) => name === "generate_content")!;
  return { call, stages: all.filter((span) => span !== call) };
}

it("makes one span of a call, with a child for each stage that ran, below the caller's span", async () => {
  expect(await traceCall({ tracer, traceparent }, () => Promise.resolve(RESULT))).toBe(RESULT);
  const { call, stages } = spans();
  expect(call.spanContext().traceId).toBe(TRACE_ID);
  expect(call.parentSpanContext?.spanId).toBe(PARENT_ID);
  expect(stages.map(({ name, duration }) => [name, msOf(duration)])).toEqual([
    ["vlm.queue", 10],
    ["vlm.preprocess", 3],
    ["vlm.vision", 40],
    ["vlm.prefill", 5],
    ["vlm.decode", 60],
  ]);
  for (const [index, stage] of stages.entries()) {
    expect(stage.parentSpanContext?.spanId).toBe(call.spanContext().spanId);
    if (index > 0) expect(stage.startTime).toEqual(stages[index - 1]!.endTime);
  }
  expect(call.attributes).toMatchObject({
    "gen_ai.response.model": "test",
    "gen_ai.usage.input_tokens": 36,
    "gen_ai.usage.output_tokens": 4,
  });
  expect(JSON.stringify(call.attributes)).not.toContain("private");
});

it.each([
  "",
  "00-0-1-01",
  `ff-${TRACE_ID}-${PARENT_ID}-01`,
  `00-${"0".repeat(32)}-${PARENT_ID}-01`,
])("starts a trace of its own where the caller's is %j", async (wrong) => {
  await traceCall({ tracer, traceparent: wrong }, () => Promise.resolve(RESULT));
  expect(spans().call.parentSpanContext).toBeUndefined();
});

describe("a call that fails", () => {
  const failing = (error: Error) =>
    traceCall({ tracer }, () => Promise.reject(error)).catch((thrown: unknown) => thrown);

  it("throws the same, and has the error's code and none of its words", async () => {
    const error = Object.assign(new Error("secret.png is damaged"), { code: "image-unreadable" });
    expect(await failing(error)).toBe(error);
    const { call, stages } = spans();
    expect(call.attributes["error.type"]).toBe("image-unreadable");
    expect(call.status.code).toBe(2);
    expect(stages).toEqual([]);
    expect(JSON.stringify([call.attributes, call.status, call.events])).not.toContain("secret");
  });

  it("is no error where the caller gave it up", async () => {
    await failing(new DOMException("Enough.", "AbortError"));
    expect(spans().call.attributes["vlm.outcome"]).toBe("aborted");
    expect(spans().call.status.code).toBe(0);
  });
});

describe("traceStream", () => {
  // eslint-disable-next-line @typescript-eslint/require-await -- a stream is asynchronous
  async function* events(): AsyncGenerator<GenerateEvent, void, undefined> {
    yield { type: "text-delta", text: "A" };
    yield { type: "done", result: RESULT };
  }

  it("passes every event on, and ends its span with the stream", async () => {
    const types: string[] = [];
    for await (const { type } of traceStream({ tracer }, events())) types.push(type);
    expect(types).toEqual(["text-delta", "done"]);
    expect(spans().stages).toHaveLength(5);
  });

  it("ends its span too when the caller reads no more", async () => {
    const stream = traceStream({ tracer }, events());
    await stream.next();
    await stream.return();
    expect(spans().call.attributes["vlm.outcome"]).toBe("aborted");
  });
});

it("sends spans that a collector reads", async () => {
  const receiver = await startOtlpReceiver();
  const sending = new BasicTracerProvider({
    spanProcessors: [
      new SimpleSpanProcessor(new OTLPTraceExporter({ url: `${receiver.origin}/v1/traces` })),
    ],
  });
  await traceCall({ tracer: sending.getTracer("test"), traceparent }, () =>
    Promise.resolve(RESULT),
  );
  await sending.forceFlush();
  await sending.shutdown();
  expect(receiver.refused).toEqual([]);
  expect(receiver.received).toHaveLength(6);
  expect(JSON.stringify(receiver.received)).toContain("vlm.prefill");
  await receiver.close();
});
