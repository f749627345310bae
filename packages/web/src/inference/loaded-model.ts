/** Loads a model: its files, its tokenizer and its runtime, and creates the caches that it keeps between calls. */

import type { StartPhase } from "../protocol/errors.ts";
import {
  hasOptionalFile,
  type GraphName,
  type ModelVariant,
  type OptionalFile,
} from "../protocol/model-descriptor.ts";
import type { ModelInfo, VlmEvent, VlmResult } from "../protocol/result.ts";
import type { Recorder } from "../metrics/recorder.ts";
import type { GenerateCall, LoadRequest, OpenCall } from "../wire/worker-api.ts";
import type { EngineCode, RuntimeOptions } from "../engines/engine.ts";
import type { Runtime } from "../engines/runtime.ts";
import { drawCheckImage } from "../generation/check-image.ts";
import { endIdsOf } from "../generation/end-ids.ts";
import { familyOf } from "../families/index.ts";
import { createSequenceCache } from "../generation/sequence-cache.ts";
import type { ImageCache } from "../storage/image-cache.ts";
import type { ResultCache } from "../storage/result-cache.ts";
import { sha256 } from "../storage/sha256.ts";
import type { Store } from "../storage/store.ts";
import type { StoredFile } from "../storage/verify-ahead.ts";
import type { ModelFiles } from "../download/model-files.ts";
import { answer, openImage, type Opening } from "./answer.ts";
import type { CallScope } from "./call-scope.ts";
import { createVerdictStore } from "./check-verdict.ts";
import { BROWSER_DECODER } from "../decode/browser-decoder.ts";
import { createCheckedRuntime, type CheckReport } from "./checked-runtime.ts";
import { sideFor } from "./check-tile.ts";
import { createImageSizes } from "./image-sizes.ts";
import { chooseEncoderFile } from "./encoder-file.ts";
import type { FileDecoder } from "../decode/file-decoder.ts";
import { findGraph, openGraph } from "./open-graph.ts";
import { createImages } from "./images.ts";
import { parseModelJson } from "./parse-model-json.ts";
import { checkDevice } from "./self-check.ts";
import { chooseThreads } from "./thread-count.ts";
import { createTextCodec } from "./tokenizer.ts";

export interface LoadModelOptions {
  readonly request: LoadRequest;
  readonly files: ModelFiles;
  /** Starts to verify the files that will be opened, in this order. */
  readonly verifyAhead: (stored: readonly StoredFile[]) => Promise<void>;
  readonly results: ResultCache;
  readonly images: ImageCache;
  readonly recorder: Recorder;
  /** What the model runs on. */
  readonly engine: EngineCode;
  readonly onPhase: (phase: StartPhase, url?: string) => void;
  readonly onDeviceLost: (reason: string) => void;
  readonly onEvent: (event: VlmEvent) => void;
  /** Where the verdicts about this device are stored. */
  readonly verdicts: Pick<Store, "get" | "set">;
  /** What decodes files of images. Default: the browser. */
  readonly decoder: FileDecoder | undefined;
}

export interface LoadedModel {
  readonly info: ModelInfo;
  readonly runtime: Runtime;
  /** Runs one call, from pixels to text. */
  answer(call: GenerateCall, scope: CallScope): Promise<VlmResult>;
  /** Makes an image ready for the calls that follow. */
  open(call: OpenCall, scope: CallScope): Promise<Opening>;
  /**
   * Makes the check of the device again.
   *
   * @throws {VlmError} `device-check-failed`, and the errors of the runtime
   */
  check(): Promise<void>;
  /** Frees what is kept in memory between calls. */
  forget(): void;
}

/** @throws {VlmError} the errors of downloads, of creating sessions, and of the device check */
export async function loadModel(options: LoadModelOptions): Promise<LoadedModel> {
  const { request, files, results, recorder, engine } = options;
  const { model, variant } = request;
  const encoder = await chooseEncoderFile(request, files, {
    optimizer: engine.encoderOptimizer?.(variant.device),
    recorder,
  });
  await options.verifyAhead([
    ...(await findGraph(files, variant, "embed")),
    ...(await encoder.find()),
    ...(await findGraph(files, variant, "decoder")),
  ]);
  const readOptional = (path: OptionalFile): Promise<unknown> | undefined =>
    hasOptionalFile(model, path) ? readJson(files, path) : undefined;
  const configFiles = {
    config: await readJson(files, "config.json"),
    generation: await readOptional("generation_config.json"),
    preprocessor: await readOptional("preprocessor_config.json"),
  };
  const setup = familyOf(model).configure(configFiles, model);
  const template = hasOptionalFile(model, "chat_template.jinja")
    ? await readText(files, "chat_template.jinja")
    : undefined;
  const codec = createTextCodec(
    await readJson(files, "tokenizer.json"),
    await readJson(files, "tokenizer_config.json"),
    setup.prompt,
    { template, chat: model.chat },
  );
  const { device } = variant;
  const asked = { device, wasmThreads: request.wasmThreads, onPhase: options.onPhase };
  const wasmThreads = await chooseThreads({
    engine,
    start: asked,
    circumstances: async () => `${navigator.userAgent} | ${await engine.describe(asked)}`,
    store: options.verdicts,
    onChosen: (chosen) => {
      options.onEvent({ type: "threads-chosen", ...chosen });
    },
  });
  const runtimeOptions: Omit<RuntimeOptions, "decoderForm"> = {
    device: variant.device,
    imageSize: setup.images.tileSide(model.imageSize),
    ports: setup.ports,
    wasmThreads,
    onPhase: options.onPhase,
    maxPositions: setup.maxPositions,
    openFile: (graph: GraphName) =>
      graph === "vision" ? encoder.open() : openGraph(files, variant, graph),
    onDeviceLost: options.onDeviceLost,
    onGraphLoaded: (graph, milliseconds, attributes) => {
      const all = { "vlm.graph": graph, ...attributes };
      recorder.recordMs("vlm.session.create.duration", milliseconds, all);
    },
    onGraphPrepared: (report) => {
      const isComplete = report.rewrites.every(({ missed }) => missed.length === 0);
      recorder.record("vlm.graph.prepared", 1, {
        "vlm.graph": report.graph,
        "vlm.path": report.form,
        "vlm.complete": isComplete && report.failures.length === 0,
      });
      options.onEvent({ type: "graph-prepared", report });
    },
  };
  const endIds = endIdsOf(setup, codec);
  const runtime = await createCheckedRuntime({
    create: (decoderForm) => engine.createRuntime({ ...runtimeOptions, decoderForm }),
    codec,
    setup,
    model,
    endIds,
    verdicts: createVerdictStore(options.verdicts, {
      model,
      variant: variant.id,
      circumstances: [
        await engine.describe(runtimeOptions),
        await hashOf(model.selfCheck),
        ...(await hashesOf(files, variant)),
      ].join(" | "),
    }),
    report: createCheckReport(recorder, options.onEvent),
  });
  const { checkSides, range } = setup.images;
  const compared = drawCheckImage(sideFor(runtime, checkSides.small), range);
  const encoderLabel = await encoder.optimizeAfterLoad(runtime, compared);

  const info: ModelInfo = {
    id: model.id,
    revision: model.revision,
    // The two encoders give different answers, so the variant has another name.
    variant: encoderLabel === undefined ? variant.id : `${variant.id}+${encoderLabel}`,
  };
  const sequences = createSequenceCache(runtime, MAX_KV_BYTES, MAX_NEWEST_KV_BYTES);
  const images = createImages({
    runtime,
    form: setup.images,
    model: info,
    limits: request.imageLimits,
    cache: options.images,
    decoder: options.decoder ?? BROWSER_DECODER,
  });
  const sizes = createImageSizes({
    device: runtime.device,
    form: setup.images,
    ...setup.images.choice(runtime, model.imageSize),
  });
  const parts = {
    info,
    runtime,
    codec,
    prompt: setup.prompt,
    byDefault: setup.images.byDefault,
    endIds,
    sequences,
    images,
    sizes,
    results,
    recorder,
  };
  return {
    info,
    runtime,
    answer: (call, scope) => answer(parts, call, scope),
    open: (call, scope) => openImage(parts, call, scope),
    async check() {
      const startedAt = performance.now();
      await checkDevice(runtime, { codec, setup }, model);
      recorder.recordMs("vlm.self_check.duration", performance.now() - startedAt);
    },
    forget() {
      sequences.clear();
      images.clear();
      runtime.trim();
    },
  };
}

/** Of all files that decide which numbers come out, as far as they are stored. */
async function hashesOf(
  files: ModelFiles,
  { graphs, externalData = {} }: ModelVariant,
): Promise<(string | undefined)[]> {
  const paths = [...Object.values(graphs), ...Object.values(externalData).flat()];
  const found = await Promise.all(paths.map((path) => files.find(path)));
  return found.map((stored) => stored?.record.sha256 ?? stored?.record.shards.join());
}

function hashOf(value: unknown): Promise<string> {
  return sha256(new TextEncoder().encode(JSON.stringify(value ?? null)));
}

function createCheckReport(recorder: Recorder, onEvent: LoadModelOptions["onEvent"]): CheckReport {
  return {
    onCompared: (check, likeness, form) => {
      const path = form !== undefined && { "vlm.path": form };
      recorder.record("vlm.self_check.likeness", likeness, { "vlm.check": check, ...path });
    },
    onSkipped: (check, reason) => {
      recorder.record("vlm.self_check.skipped", 1, { "vlm.check": check, "vlm.reason": reason });
    },
    onRefused: ({ form, likeness }, runs) => {
      onEvent({ type: "rewrite-refused", graph: "decoder", refused: form, runs, likeness });
    },
    onChecked: (milliseconds) => {
      recorder.recordMs("vlm.self_check.duration", milliseconds);
    },
    onTimed: (form, milliseconds) => {
      recorder.recordMs("vlm.self_check.step.duration", milliseconds, { "vlm.path": form });
    },
  };
}

/** The greatest size of KV caches that are kept between calls: about 2,700 positions of FastVLM-0.5B in float32. */
const MAX_KV_BYTES = 64 * 2 ** 20;

/**
 * The newest of them may be larger, because the next question about its image needs it. SmolVLM-500M keeps 80 KiB of each
 * position in float32 (two numbers for 32 layers of 5 heads of 64), so an image of 17 tiles with a question is 93 MB,
 * and a cache in GPU buffers has room for more than it holds.
 */
const MAX_NEWEST_KV_BYTES = 192 * 2 ** 20;

async function readText(files: ModelFiles, path: string): Promise<string> {
  return new TextDecoder().decode(await files.read(path));
}

async function readJson(files: ModelFiles, path: string): Promise<unknown> {
  return parseModelJson(await files.read(path), path);
}
