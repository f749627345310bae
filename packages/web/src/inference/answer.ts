/** How one call goes through a loaded model: from images and a question to text. */

import type { Recorder } from "../metrics/recorder.ts";
import {
  generate,
  prefill,
  type Generation,
  type GenerationContext,
} from "../generation/generate.ts";
import { countTextTokens, fillImages, layOutPrompt, upToImages } from "../generation/prompt.ts";
import type { ImageFeatures, Runtime, TextCodec } from "../engines/runtime.ts";
import { createSequenceCache, type SequenceCache } from "../generation/sequence-cache.ts";
import { endOnSentence, limitWords, stripLeadIn } from "../generation/sentences.ts";
import type { ImageInfo, ModelInfo, Timings, TokenCounts, VlmResult } from "../protocol/result.ts";
import type { CachedResult, ResultCache } from "../storage/result-cache.ts";
import type { GenerateCall } from "../wire/worker-api.ts";
import type { CallScope } from "./call-scope.ts";
import type { ImageSizes } from "./image-sizes.ts";
import type { EncodingView, OpenedImage, Images } from "./images.ts";
import { resultKey } from "./result-key.ts";
import { createStageClock, type StageClock } from "./stage-clock.ts";

/** A loaded model, and what it remembers. */
export interface AnswerParts {
  readonly info: ModelInfo;
  readonly runtime: Runtime;
  readonly codec: TextCodec;
  readonly endIds: ReadonlySet<number>;
  readonly sequences: SequenceCache;
  readonly images: Images;
  readonly sizes: ImageSizes;
  readonly results: ResultCache;
  readonly recorder: Recorder;
}

export async function answer(
  parts: AnswerParts,
  call: GenerateCall,
  scope: CallScope,
): Promise<VlmResult> {
  const { info, runtime, codec, results, recorder } = parts;
  const clock = createStageClock(scope.enqueuedAt);
  clock.end("queueMs");

  await scope.enter("image");
  const opened = await openImages(parts, call, scope, clock);
  const images = opened.map((image) => image.info);
  if (images.length > 0) scope.send({ type: "image-ready", images });

  const isRepeatable = call.useCache && !call.isOpening;
  const key = isRepeatable ? await resultKeyOf(call, info, opened) : undefined;
  const remembered = key === undefined ? undefined : await results.get(key);
  if (isRepeatable)
    recorder.record(remembered ? "vlm.result_cache.hits" : "vlm.result_cache.misses", 1);
  if (remembered) {
    scope.send({ type: "text-delta", text: remembered.text });
    return toResult(info, runtime, remembered, images, clock.finish(), true);
  }

  await scope.enter("vision");
  const pieces = layOutPrompt(
    codec,
    { text: call.prompt, system: call.system, history: call.history },
    opened.length,
  );
  const features: ImageFeatures[] = [];
  let generation: Generation | undefined;
  try {
    for (const image of opened) {
      const startedAt = performance.now();
      const { features: encoded, isNew } = await image.encode();
      if (isNew) parts.sizes.noteEncoding(image.info, performance.now() - startedAt);
      features.push(encoded);
      await scope.checkpoint();
    }
    clock.end("visionMs");
    await scope.enter("prefill");
    const context = generationContext(parts, call, scope, clock);
    if (call.isOpening) await prefill(context, fillImages(upToImages(pieces), features));
    else generation = await generate(context, fillImages(pieces, features), call.generation);
    clock.end(call.isOpening ? "prefillMs" : "decodeMs");
  } finally {
    for (const image of call.images) if (image.kind === "bitmap") image.bitmap.close();
  }
  recorder.record("vlm.kv_cache.bytes", parts.sequences.bytes);

  const tokens: TokenCounts = {
    image: images.reduce((sum, image) => sum + image.tokens, 0),
    prompt: countTextTokens(pieces),
    reused: generation?.reusedTokens ?? 0,
    output: generation?.outputTokens ?? 0,
  };
  const finished: CachedResult = {
    text: generation ? polish(generation, call) : "",
    finishReason: generation?.finishReason ?? "stop",
    tokens,
    images,
  };
  // The answer does not wait for the store, whose failures are its own.
  if (key !== undefined) void results.set(key, finished);
  return toResult(info, runtime, finished, images, clock.finish(), false);
}

async function openImages(
  { images, sizes }: AnswerParts,
  call: GenerateCall,
  scope: CallScope,
  clock: StageClock,
): Promise<OpenedImage[]> {
  const opened = await images.open(call.images, {
    look: viewOf(call, sizes),
    reuses: call.reuses,
    signal: scope.signal,
    onDecoded: () => {
      clock.end("imageDecodeMs");
    },
    onPreprocessed: () => {
      clock.end("preprocessMs");
    },
  });
  clock.end("imageDecodeMs");
  await scope.checkpoint();
  return opened;
}

function viewOf(call: GenerateCall, sizes: ImageSizes): EncodingView {
  return { size: sizes.choose(call), isCapped: call.detail === "auto", fit: call.fit };
}

async function resultKeyOf(
  call: GenerateCall,
  info: ModelInfo,
  opened: readonly OpenedImage[],
): Promise<string | undefined> {
  const keys = opened.flatMap(({ key }) => key ?? []);
  return keys.length === opened.length ? resultKey(call, info, keys) : undefined;
}

function generationContext(
  { runtime, codec, endIds, sequences }: AnswerParts,
  { reuses }: GenerateCall,
  scope: CallScope,
  clock: StageClock,
): GenerationContext {
  return {
    runtime,
    sequences: reuses ? sequences : createSequenceCache(runtime, 0),
    codec,
    endIds,
    checkpoint: scope.checkpoint,
    onFirstToken: () => {
      clock.end("prefillMs");
      scope.send({ type: "stage", stage: "decode" });
    },
    onText: (text) => {
      scope.send({ type: "text-delta", text });
    },
  };
}

/** Captions are trimmed to whole sentences; a free answer stays as it came. */
function polish({ text, finishReason }: Generation, call: GenerateCall): string {
  const { maxWords } = call.generation;
  let polished = text.trim();
  if (call.endOnSentence && finishReason !== "stop") polished = keepSentences(polished, maxWords);
  if (maxWords !== undefined) polished = limitWords(polished, maxWords);
  return call.stripLeadIn ? stripLeadIn(polished) : polished;
}

/** Cut off in mid-sentence: `limitWords` finds the better place when there is a word limit. */
function keepSentences(text: string, maxWords: number | undefined): string {
  return maxWords === undefined ? endOnSentence(text) : text;
}

function toResult(
  model: ModelInfo,
  runtime: Runtime,
  { text, finishReason, tokens }: CachedResult,
  images: readonly ImageInfo[],
  timings: Timings,
  cached: boolean,
): VlmResult {
  const isMeasured = !cached && tokens.output > 1 && timings.decodeMs > 0;
  return {
    text,
    finishReason,
    model,
    device: runtime.device,
    cached,
    timings,
    tokens,
    images,
    tokensPerSecond: isMeasured ? ((tokens.output - 1) / timings.decodeMs) * 1000 : 0,
  };
}
