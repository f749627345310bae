/** Calls and results to start from. */

import { resolveGenerationOptions } from "../src/schema/generation-options.ts";
import type { VlmResult } from "../src/protocol/result.ts";
import type { GenerateCall } from "../src/wire/worker-api.ts";

export function makeCall(change: Partial<GenerateCall> = {}): GenerateCall {
  return {
    id: 1,
    images: [],
    prompt: "What is this?",
    system: undefined,
    history: [],
    fit: "pad",
    detail: "high",
    targetLatencyMs: undefined,
    generation: resolveGenerationOptions({}),
    endOnSentence: false,
    stripLeadIn: false,
    useCache: true,
    reuses: true,
    ...change,
  };
}

export function makeResult(change: Partial<VlmResult> = {}): VlmResult {
  return {
    text: "A cat.",
    finishReason: "stop",
    model: { id: "test", revision: "1", variant: "int8" },
    device: "wasm",
    ranOn: { kind: "device" },
    cached: false,
    timings: {
      queueMs: 1,
      imageDecodeMs: 2,
      preprocessMs: 3,
      visionMs: 4,
      prefillMs: 5,
      decodeMs: 6,
      timeToFirstTokenMs: 14,
      totalMs: 21,
    },
    tokens: { image: 256, prompt: 20, reused: 0, output: 4 },
    confidence: { mean: 0.75, least: 0.5, firstTokenEntropy: 0.25 },
    images: [{ width: 640, height: 480, size: 1024, tokens: 256 }],
    tokensPerSecond: 500,
    ...change,
  };
}
