/** Takes one call through a loaded model, from images and a question to text. */

import type { Recorder } from "../metrics/recorder.ts";
import {
  generate,
  prefill,
  type Generation,
  type GenerationContext,
} from "../generation/generate.ts";
import { choose, type Option, type WeighedOptions } from "../generation/choose.ts";
import type { ImageForm, PromptForm } from "../families/family.ts";
import {
  countPositions,
  countTextTokens,
  fillImages,
  layOutPrompt,
  upToImages,
} from "../generation/prompt.ts";
import type { ImageFeatures, Runtime, TextCodec } from "../engines/runtime.ts";
import { assertTextLength, roomForAnswer } from "../generation/room-for-answer.ts";
import { createSequenceCache, type SequenceCache } from "../generation/sequence-cache.ts";
import { endOnSentence, limitWords, stripLeadIn } from "../generation/sentences.ts";
import type { ImageInfo, ModelInfo, Timings, TokenCounts, VlmResult } from "../protocol/result.ts";
import type { CachedResult, ResultCache } from "../storage/result-cache.ts";
import type { GenerateCall, ImageView, OpenCall, WireImage } from "../wire/worker-api.ts";
import type { CallScope } from "./call-scope.ts";
import type { ImageSizes } from "./image-sizes.ts";
import type { EncodingView, OpenedImage, Images } from "./images.ts";
import { startGpuCount } from "./report-gpu-work.ts";
import { resultKey } from "./result-key.ts";
import { createStageClock, type StageClock } from "./stage-clock.ts";

/** The parts of a loaded model, with its caches. */
export interface AnswerParts {
  readonly info: ModelInfo;
  readonly runtime: Runtime;
  readonly codec: TextCodec;
  readonly prompt: PromptForm;
  readonly byDefault: ImageForm["byDefault"];
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

  const texts = [call.prompt, call.system ?? "", ...call.history.map(({ content }) => content)];
  assertTextLength(texts, codec, runtime.maxPositions);

  await scope.enter("image");
  const opened = await openImages(parts, call, scope, clock);
  const images = opened.map((image) => image.info);
  if (images.length > 0) scope.send({ type: "image-ready", images });

  const key = call.useCache ? await resultKeyOf(call, info, opened) : undefined;
  const remembered = key === undefined ? undefined : await results.get(key);
  if (call.useCache)
    recorder.record(remembered ? "vlm.result_cache.hits" : "vlm.result_cache.misses", 1);
  if (remembered) {
    scope.send({ type: "text-delta", text: remembered.text });
    return toResult(info, runtime, remembered, images, clock.finish(), true);
  }

  await scope.enter("vision");
  const pieces = layOutPrompt(
    codec,
    parts.prompt,
    { text: call.prompt, system: call.system, history: call.history },
    opened.map((image) => image.pieces),
  );
  // A prompt that does not fit is refused before its images are encoded.
  const tiles = opened.flatMap((image) => image.tiles);
  roomForAnswer(countPositions(pieces, tiles), call.generation.maxNewTokens, runtime.maxPositions);
  const reportGpuWork = startGpuCount(runtime);
  let generation: Generation & Partial<WeighedOptions>;
  try {
    const features = await encodeAll(parts, opened, scope);
    clock.end("visionMs");
    await scope.enter("prefill");
    const context = {
      ...generationContext(parts, call, scope, clock),
      ...(await constraintOf(parts, call)),
    };
    const prompt = fillImages(pieces, features);
    generation = call.choices
      ? await choose(context, prompt, call.choices as readonly Option[], parts.prompt.answerPrefix)
      : await generate(context, prompt, call.generation);
    clock.end("decodeMs");
  } finally {
    closeBitmaps(call.images);
    reportGpuWork(recorder);
  }
  recorder.record("vlm.kv_cache.bytes", parts.sequences.bytes);

  const tokens: TokenCounts = {
    image: images.reduce((sum, image) => sum + image.tokens, 0),
    prompt: countTextTokens(pieces),
    reused: generation.reusedTokens,
    output: generation.outputTokens,
  };
  const finished: CachedResult = {
    text: polish(generation, call),
    finishReason: generation.finishReason,
    tokens,
    confidence: generation.confidence,
    ...(generation.probabilities && { probabilities: generation.probabilities }),
    images,
  };
  // The answer does not wait for the store, whose failures are its own.
  if (key !== undefined) void results.set(key, finished);
  return toResult(info, runtime, finished, images, clock.finish(), false);
}

/** The code that holds answers to a format comes with the first call that asks for one. */
async function constraintOf(
  { codec, prompt }: AnswerParts,
  { generation: { format } }: GenerateCall,
): Promise<Pick<GenerationContext, "constrain">> {
  if (!format) return {};
  const { createConstraint } = await import("../format/answer-format.ts");
  return { constrain: (room) => createConstraint(format, codec, prompt.answerPrefix, room) };
}

/** An image that was made ready, and what that took. */
export interface Opening {
  readonly image: ImageInfo;
  readonly timings: Timings;
}

/** Encodes an image and prefills what comes before the first question about it: later calls reuse both. */
export async function openImage(
  parts: AnswerParts,
  call: OpenCall,
  scope: CallScope,
): Promise<Opening> {
  const clock = createStageClock(scope.enqueuedAt);
  clock.end("queueMs");
  const images = [call.image];
  const reportGpuWork = startGpuCount(parts.runtime);
  try {
    await scope.enter("image");
    const opened = await openImages(parts, { ...call, images, reuses: true }, scope, clock);
    const [first] = opened;
    if (!first) throw new Error("One image was opened");

    await scope.enter("vision");
    const features = await encodeAll(parts, opened, scope);
    clock.end("visionMs");
    await scope.enter("prefill");
    // Of a question without words, all that follows the image is left out.
    const question = { text: "", system: undefined };
    const pieces = layOutPrompt(parts.codec, parts.prompt, question, [first.pieces]);
    await prefill(parts, fillImages(upToImages(pieces), features));
    clock.end("prefillMs");
    parts.recorder.record("vlm.kv_cache.bytes", parts.sequences.bytes);
    return { image: first.info, timings: clock.finish() };
  } finally {
    closeBitmaps(images);
    reportGpuWork(parts.recorder);
  }
}

async function encodeAll(
  { sizes }: AnswerParts,
  opened: readonly OpenedImage[],
  scope: CallScope,
): Promise<ImageFeatures[]> {
  const features: ImageFeatures[] = [];
  const tiles = opened.flatMap((image) => image.tiles);
  for (const tile of tiles) {
    const startedAt = performance.now();
    const { features: encoded, isNew } = await tile.encode();
    if (isNew) sizes.noteEncoding(tile, performance.now() - startedAt);
    features.push(encoded);
    if (opened.some((image) => image.tiles.length > 1)) {
      scope.send({ type: "tile-encoded", tiles: features.length, totalTiles: tiles.length });
    }
    await scope.checkpoint();
  }
  return features;
}

function closeBitmaps(images: readonly WireImage[]): void {
  for (const image of images) if (image.kind === "bitmap") image.bitmap.close();
}

async function openImages(
  { images, sizes, byDefault }: AnswerParts,
  call: Pick<GenerateCall, "images" | "reuses" | keyof ImageView>,
  scope: CallScope,
  clock: StageClock,
): Promise<OpenedImage[]> {
  const opened = await images.open(call.images, {
    look: viewOf(call, sizes, byDefault),
    reuses: call.reuses,
    signal: scope.signal,
    onDecoding: (limitMs) => {
      scope.send({ type: "decoding", limitMs });
    },
    onDecoded: () => {
      scope.send({ type: "decoded" });
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

function viewOf(
  call: ImageView,
  sizes: ImageSizes,
  { detail, fit }: ImageForm["byDefault"],
): EncodingView {
  const isAuto = (call.detail ?? detail) === "auto";
  return {
    size: sizes.choose(call),
    auto: isAuto ? `auto ${String(call.targetLatencyMs ?? "")}` : undefined,
    fit: call.fit ?? fit,
  };
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
  let hasBegun = false;
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
      // Some models begin every answer with a space. A result is trimmed, and so is what is streamed of it.
      const shown = hasBegun ? text : text.trimStart();
      hasBegun ||= shown !== "";
      if (shown !== "") scope.send({ type: "text-delta", text: shown });
    },
  };
}

/** Trims captions to whole sentences. An answer to a free question stays as it is. */
function polish({ text, finishReason }: Generation, call: GenerateCall): string {
  const { maxWords } = call.generation;
  let polished = text.trim();
  if (call.endOnSentence && finishReason !== "stop") polished = keepSentences(polished, maxWords);
  if (maxWords !== undefined) polished = limitWords(polished, maxWords);
  return call.stripLeadIn ? stripLeadIn(polished) : polished;
}

/** Ends a text that was cut in the middle of a sentence. With a word limit, `limitWords` does this better later. */
function keepSentences(text: string, maxWords: number | undefined): string {
  return maxWords === undefined ? endOnSentence(text) : text;
}

function toResult(
  model: ModelInfo,
  runtime: Runtime,
  { text, finishReason, tokens, confidence, probabilities }: CachedResult,
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
    ranOn: { kind: "device" },
    cached,
    timings,
    tokens,
    confidence,
    ...(probabilities && { probabilities }),
    images,
    tokensPerSecond: isMeasured ? ((tokens.output - 1) / timings.decodeMs) * 1000 : 0,
  };
}
