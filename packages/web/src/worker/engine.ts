/** A loaded model: its files, tokenizer and runtime, and how one call goes through them. */

import { VlmError } from "../protocol/errors.ts";
import type { GraphName } from "../protocol/model-descriptor.ts";
import type { ImageInfo, ModelInfo, Timings, TokenCounts, VlmResult } from "../protocol/result.ts";
import type { Recorder } from "../metrics/recorder.ts";
import type { GenerateCall, LoadRequest } from "../wire/api.ts";
import { toImageTensor } from "../image/image-tensor.ts";
import { generate, type Generation } from "../model/generate.ts";
import { countTextTokens, fillImages, layOutPrompt } from "../model/prompt.ts";
import type { ImageFeatures, ImageTensor, Runtime, TextCodec } from "../model/runtime.ts";
import { endOnSentence, limitWords, stripLeadIn } from "../model/sentences.ts";
import { createOnnxRuntime } from "../ort/onnx-runtime.ts";
import type { OrtFiles } from "../ort/load-ort.ts";
import type { CachedResult, ResultCache } from "../storage/result-cache.ts";
import type { ModelFiles } from "../download/model-files.ts";
import type { CallScope } from "./call-scope.ts";
import { decodeImage } from "./decode-image.ts";
import { resultKey } from "./result-key.ts";
import { checkDevice } from "./self-check.ts";
import { createTextCodec } from "./tokenizer.ts";

export interface EngineOptions {
  readonly request: LoadRequest;
  readonly files: ModelFiles;
  readonly results: ResultCache;
  readonly recorder: Recorder;
  readonly ortFiles: OrtFiles | undefined;
  readonly onDeviceLost: (reason: string) => void;
}

export interface Engine {
  readonly model: ModelInfo;
  readonly runtime: Runtime;
  /** Runs one call, from pixels to text. */
  answer(call: GenerateCall, scope: CallScope): Promise<VlmResult>;
}

/** @throws {VlmError} what downloads, session creation and the device check throw */
export async function loadEngine(options: EngineOptions): Promise<Engine> {
  const { request, files, recorder } = options;
  const { model, variant } = request;
  const [config, tokenizerJson, tokenizerConfig] = [
    await readJson(files, "config.json"),
    await readJson(files, "tokenizer.json"),
    await readJson(files, "tokenizer_config.json"),
  ];
  const codec = createTextCodec(tokenizerJson, tokenizerConfig);
  const runtime = await createOnnxRuntime({
    device: variant.device,
    wasmThreads: request.wasmThreads,
    files: options.ortFiles,
    maxPositions: readNumber(config, "max_position_embeddings"),
    openFile: (graph: GraphName) => files.open(variant.graphs[graph]),
    onDeviceLost: options.onDeviceLost,
    onSessionCreated: (graph, milliseconds, weights) => {
      const attributes = { "vlm.graph": graph, "vlm.weights": weights };
      recorder.recordMs("vlm.session.create.duration", milliseconds, attributes);
    },
    onGraphPrepared: (graph, how) => {
      recorder.record("vlm.graph.prepared", 1, {
        "vlm.graph": graph,
        "vlm.path": "logits" in how ? `logits-${how.logits}` : `embedding-${how.embedding}`,
      });
    },
  });
  const checkedFrom = performance.now();
  await checkDevice(runtime, codec, model);
  recorder.recordMs("vlm.self_check.duration", performance.now() - checkedFrom);

  const info: ModelInfo = { id: model.id, revision: model.revision, variant: variant.id };
  const parts: EngineParts = { info, runtime, codec, endIds: readEndIds(config, codec) };
  return { model: info, runtime, answer: (call, scope) => answer(options, parts, call, scope) };
}

interface EngineParts {
  readonly info: ModelInfo;
  readonly runtime: Runtime;
  readonly codec: TextCodec;
  readonly endIds: ReadonlySet<number>;
}

async function answer(
  { request, results, recorder }: EngineOptions,
  { info, runtime, codec, endIds }: EngineParts,
  call: GenerateCall,
  scope: CallScope,
): Promise<VlmResult> {
  const clock = createStageClock(scope.enqueuedAt);
  clock.end("queueMs");

  await scope.enter("image");
  const pictures = await Promise.all(
    call.images.map((image) => decodeImage(image, request.imageLimits, scope.signal)),
  );
  clock.end("imageDecodeMs");
  await scope.checkpoint();
  const size = request.model.imageSize;
  const tensors = pictures.map((pixels): ImageTensor => ({
    data: toImageTensor(pixels, { size, fit: call.fit }),
    size,
  }));
  clock.end("preprocessMs");
  const tokensPerImage = (size / STRIDE) ** 2;
  const images = pictures.map(({ width, height }): ImageInfo => ({
    width,
    height,
    tokens: tokensPerImage,
  }));
  if (images.length > 0) scope.send({ type: "image-ready", images });

  const key = call.useCache ? await resultKey(call, info, tensors) : undefined;
  const remembered = key === undefined ? undefined : await results.get(key);
  if (call.useCache)
    recorder.record(remembered ? "vlm.result_cache.hits" : "vlm.result_cache.misses", 1);
  if (remembered) {
    scope.send({ type: "text-delta", text: remembered.text });
    return toResult(info, runtime, remembered, clock.finish(), true);
  }

  await scope.enter("vision");
  const features: ImageFeatures[] = [];
  let generation: Generation;
  const pieces = layOutPrompt(codec, { text: call.prompt, system: call.system }, tensors.length);
  try {
    for (const tensor of tensors) {
      features.push(await runtime.encodeImage(tensor));
      await scope.checkpoint();
    }
    clock.end("visionMs");
    await scope.enter("prefill");
    generation = await generate(
      {
        runtime,
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
      },
      fillImages(pieces, features),
      call.generation,
    );
    clock.end("decodeMs");
  } finally {
    for (const one of features) one.dispose();
  }

  const tokens: TokenCounts = {
    image: tokensPerImage * images.length,
    prompt: countTextTokens(pieces),
    output: generation.outputTokens,
  };
  const finished: CachedResult = {
    text: polish(generation, call),
    finishReason: generation.finishReason,
    tokens,
    images,
  };
  if (key !== undefined) await results.set(key, finished);
  return toResult(info, runtime, finished, clock.finish(), false);
}

/** FastViTHD's total stride: a picture of 64 × 64 pixels is one token. */
const STRIDE = 64;

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
    tokensPerSecond: isMeasured ? ((tokens.output - 1) / timings.decodeMs) * 1000 : 0,
  };
}

type Stage = "queueMs" | "imageDecodeMs" | "preprocessMs" | "visionMs" | "prefillMs" | "decodeMs";

/** Stages follow each other without gaps: each ends where the next begins. */
function createStageClock(startedAt: number): { end(stage: Stage): void; finish(): Timings } {
  const durations: Record<Stage, number> = {
    queueMs: 0,
    imageDecodeMs: 0,
    preprocessMs: 0,
    visionMs: 0,
    prefillMs: 0,
    decodeMs: 0,
  };
  let last = startedAt;
  return {
    end(stage) {
      const now = performance.now();
      durations[stage] = now - last;
      last = now;
    },
    finish() {
      const { imageDecodeMs, preprocessMs, visionMs, prefillMs } = durations;
      return {
        ...durations,
        timeToFirstTokenMs: imageDecodeMs + preprocessMs + visionMs + prefillMs,
        totalMs: performance.now() - startedAt,
      };
    },
  };
}

async function readJson(files: ModelFiles, path: string): Promise<unknown> {
  const text = new TextDecoder().decode(await files.read(path));
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new VlmError(
      "model-invalid",
      `The model's ${path} is not JSON. Fetch the model's files again.`,
      {
        file: path,
        reason: "not JSON",
      },
      { cause },
    );
  }
}

function readNumber(config: unknown, name: string): number {
  const value = (config as Record<string, unknown> | null)?.[name];
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new VlmError(
    "model-invalid",
    `The model's config.json has no number \`${name}\`. Add it.`,
    {
      file: "config.json",
      reason: `no ${name}`,
    },
  );
}

/** Ids that end an answer: the config's, and the two that Qwen2 ends turns and texts with. */
function readEndIds(config: unknown, codec: TextCodec): ReadonlySet<number> {
  const { eos_token_id: configured } = config as { eos_token_id?: number | number[] };
  const known = [codec.controlId("<|im_end|>"), codec.controlId("<|endoftext|>")];
  return new Set([configured ?? [], known].flat().filter((id) => id !== undefined));
}
