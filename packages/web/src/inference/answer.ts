/** How one call goes through a loaded model: from pictures and a question to text. */

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
import type { Look, OpenPicture, Pictures } from "./images.ts";
import { resultKey } from "./result-key.ts";
import { createStageClock, type StageClock } from "./stage-clock.ts";

/** A loaded model, and what it remembers. */
export interface AnswerParts {
  readonly info: ModelInfo;
  readonly runtime: Runtime;
  readonly codec: TextCodec;
  readonly endIds: ReadonlySet<number>;
  readonly sequences: SequenceCache;
  readonly pictures: Pictures;
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
  const pictures = await openPictures(parts, call, scope, clock);
  const images = pictures.map((picture) => picture.info);
  if (images.length > 0) scope.send({ type: "image-ready", images });

  const isRepeatable = call.useCache && !call.isOpening;
  const key = isRepeatable ? await keyOf(call, info, pictures) : undefined;
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
    pictures.length,
  );
  const features: ImageFeatures[] = [];
  let generation: Generation | undefined;
  try {
    for (const picture of pictures) {
      const startedAt = performance.now();
      const { features: encoded, isNew } = await picture.encode();
      if (isNew) parts.sizes.noteEncoding(picture.info, performance.now() - startedAt);
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
    for (const one of features) one.dispose();
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
  if (key !== undefined) await results.set(key, finished);
  return toResult(info, runtime, finished, images, clock.finish(), false);
}

async function openPictures(
  { pictures, sizes }: AnswerParts,
  call: GenerateCall,
  scope: CallScope,
  clock: StageClock,
): Promise<OpenPicture[]> {
  const opened = await pictures.open(call.images, {
    look: lookOf(call, sizes),
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

function lookOf(call: GenerateCall, sizes: ImageSizes): Look {
  return { size: sizes.choose(call), isCapped: call.detail === "auto", fit: call.fit };
}

async function keyOf(
  call: GenerateCall,
  info: ModelInfo,
  pictures: readonly OpenPicture[],
): Promise<string | undefined> {
  const keys = pictures.flatMap(({ key }) => key ?? []);
  return keys.length === pictures.length ? resultKey(call, info, keys) : undefined;
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
    now: () => performance.now(),
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
