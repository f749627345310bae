/** Takes one call through the same messages as a real worker, with the script's answer. */

import { reportCall } from "../metrics/call-metrics.ts";
import type { Recorder } from "../metrics/recorder.ts";
import { VlmError } from "../protocol/errors.ts";
import type { ModelDescriptor } from "../protocol/model-descriptor.ts";
import type { ImageInfo, VlmResult } from "../protocol/result.ts";
import { noTimeYet } from "../protocol/stages.ts";
import type { ImageSource } from "../api/image-source.ts";
import { sleep } from "../shared/abortable-wait.ts";
import type { CallMessage, GenerateCall, LoadReport, WireImage } from "../wire/worker-api.ts";
import { findAnswer, probabilitiesFor, taskOf } from "./find-answer.ts";
import { resolveScripted, type FakeReply, type FakeRequest, type FakeScript } from "./script.ts";

/** What a call finds in its worker. */
export interface CallParts {
  readonly script: () => FakeScript;
  /** The model that was loaded. */
  readonly model: ModelDescriptor;
  readonly report: LoadReport;
  readonly recorder: Recorder;
  /** Answers of earlier calls, by all that the answer depends on. */
  readonly remembered: Map<string, VlmResult>;
  /** What the app calls an image that reached the worker. */
  readonly imageOf: (image: WireImage) => ImageSource;
  readonly noteRequest: (request: FakeRequest) => void;
  readonly crash: () => void;
  readonly loseDevice: (reason: string) => void;
}

/** The course of one call in the worker. */
export interface CallCourse {
  readonly send: (message: CallMessage) => void;
  readonly signal: AbortSignal;
  readonly queuedMs: number;
}

/** @throws what the script says; the signal's reason when the call is cancelled */
export async function answerCall(
  parts: CallParts,
  call: GenerateCall,
  { send, signal, queuedMs }: CallCourse,
): Promise<VlmResult> {
  const startedAt = performance.now();
  const task = taskOf(call, parts.model);
  const request: FakeRequest = {
    task,
    prompt: call.prompt,
    system: call.system,
    history: call.history,
    images: call.images.map(parts.imageOf),
    generation: call.generation,
    choices: call.choices?.map(([first = ""]) => first),
    signal,
  };
  parts.noteRequest(request);
  send({ type: "stage", stage: "image" });
  const images = await inspectImages(parts, request.images);
  signal.throwIfAborted();
  if (images.length > 0) send({ type: "image-ready", images });

  const key = call.useCache ? keyOf(call) : undefined;
  const before = key === undefined ? undefined : parts.remembered.get(key);
  if (before) {
    send({ type: "text-delta", text: before.text });
    const result = { ...before, images, cached: true };
    reportCall(parts.recorder, result);
    return result;
  }

  send({ type: "stage", stage: "vision" });
  const reply = await findAnswer(parts.script(), request);
  send({ type: "stage", stage: "prefill" });
  const deltas = request.choices ? [] : (reply.deltas ?? wordsOf(reply.text ?? ""));
  await pause(reply.delayMs ?? 0, signal);
  send({ type: "stage", stage: "decode" });
  for (const [index, text] of deltas.entries()) {
    if (index > 0) await pause(reply.deltaDelayMs ?? 0, signal);
    send({ type: "text-delta", text });
  }
  if (reply.error) throw reply.error;
  if (reply.end) await endOtherwise(reply.end, parts, signal);

  const outputTokens = request.choices ? 1 : deltas.length;
  const result: VlmResult = {
    ...toResult(parts.report, images, outputTokens, performance.now() - startedAt, queuedMs),
    ...reply.result,
    text: request.choices ? (reply.text ?? "") : deltas.join(""),
    ...(request.choices && { probabilities: probabilitiesFor(reply, request.choices) }),
  };
  if (key !== undefined) parts.remembered.set(key, result);
  reportCall(parts.recorder, result);
  return result;
}

/** @throws the error that the script refuses an image with */
export function inspectImages(
  { script, model }: Pick<CallParts, "script" | "model">,
  images: readonly ImageSource[],
): Promise<ImageInfo[]> {
  return Promise.all(
    images.map(async (image) => {
      const said = await resolveScripted(script().image ?? {}, image);
      if (said instanceof Error) throw said;
      return { width: 640, height: 480, size: model.imageSize, tokens: 256, ...said };
    }),
  );
}

/** No time at all is a turn of the event loop, in which a `cancel` can arrive, and no timer, which a test's clock may hold. */
async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (milliseconds > 0) return sleep(milliseconds, signal);
  await new Promise<void>((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
  signal.throwIfAborted();
}

async function endOtherwise(
  end: NonNullable<FakeReply["end"]>,
  { crash, loseDevice }: CallParts,
  signal: AbortSignal,
): Promise<never> {
  if (end === "crash") crash();
  if (end === "device-lost") {
    loseDevice("unknown");
    throw new VlmError("device-lost", "A test scripted the loss of the GPU.", {
      reason: "unknown",
    });
  }
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => {
      reject(signal.reason as Error);
    });
  });
}

function toResult(
  { model, device }: LoadReport,
  images: readonly ImageInfo[],
  outputTokens: number,
  tookMs: number,
  queueMs: number,
): Omit<VlmResult, "text"> {
  const imageTokens = images.reduce((sum, { tokens }) => sum + tokens, 0);
  return {
    finishReason: "stop",
    model,
    device,
    ranOn: { kind: "device" },
    cached: false,
    timings: {
      ...noTimeYet(),
      queueMs,
      decodeMs: tookMs,
      timeToFirstTokenMs: 0,
      totalMs: queueMs + tookMs,
    },
    tokens: { image: imageTokens, prompt: 0, reused: 0, output: outputTokens },
    confidence: { mean: 1, least: 1, firstTokenEntropy: 0 },
    images,
    tokensPerSecond: 0,
  };
}

/** The pieces of an answer: its words, each with the space before it. */
function wordsOf(text: string): readonly string[] {
  return text.match(/\s*\S+\s*$|\s*\S+/g) ?? [];
}

/** What an answer depends on. Bitmaps and pixels without a name are never the same. */
function keyOf({ images, ...call }: GenerateCall): string | undefined {
  const names = images.map((image) => image.id ?? (image.kind === "data" ? image.url : undefined));
  if (names.includes(undefined)) return undefined;
  const { prompt, system, history, generation, choices, fit, detail } = call;
  return JSON.stringify([names, prompt, system, history, generation, choices, fit, detail]);
}
