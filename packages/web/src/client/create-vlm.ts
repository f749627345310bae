/** The client: what an app holds. */

import { DEFAULT_IMAGE_LIMITS, resolveImageLimits, type ImageLimits } from "../image/limits.ts";
import { createRecorder } from "../metrics/recorder.ts";
import { VlmError } from "../protocol/errors.ts";
import type { Metric } from "../protocol/metric.ts";
import type { CaptionPresetName, Device, ModelDescriptor } from "../protocol/model-descriptor.ts";
import {
  DEFAULT_TIMEOUT_MS,
  expectNumber,
  resolveGenerationOptions,
  type GenerationOptions,
  type ImageFit,
} from "../protocol/options.ts";
import type {
  DownloadProgress,
  FallbackInfo,
  GenerateEvent,
  ModelInfo,
  VlmEvent,
  VlmResult,
} from "../protocol/result.ts";
import type { GenerateCall } from "../wire/api.ts";
import { listMissing, REQUIREMENT_NAMES } from "./environment.ts";
import { createEventQueue } from "./event-queue.ts";
import { guardCallback } from "./host-callbacks.ts";
import { toWireImage, type ImageSource } from "./image-source.ts";
import { measureOnTimeline } from "./performance-timeline.ts";
import { abortable, runCall } from "./run-call.ts";
import { Supervisor, type Ready } from "./supervisor.ts";

/** What {@link createVlm} needs to know. */
export interface VlmOptions {
  /**
   * Creates the app's worker, whose file calls `startWorker()`. Called again whenever a fresh worker
   * is needed.
   */
  readonly worker: () => Worker;
  /** Which model to load: `tinyModel()`, `fastvlm05b()`, or a descriptor of your own. */
  readonly model: ModelDescriptor;
  /** `auto` (default) takes WebGPU where it really works and WASM otherwise. */
  readonly device?: "auto" | Device;
  /** Aborts downloading and loading. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: DownloadProgress) => void;
  readonly onMetric?: (metric: Metric) => void;
  /** Fallbacks, restarts, degraded storage: nothing that fails a call. */
  readonly onEvent?: (event: VlmEvent) => void;
  readonly imageLimits?: Partial<ImageLimits>;
  readonly cache?: CacheOptions;
  /** Threads of the WASM runtime. Default: up to four where the page is cross-origin isolated, else one. */
  readonly wasmThreads?: number;
}

/** Caching of model files and results, in IndexedDB. */
export interface CacheOptions {
  /** `memory` keeps nothing beyond this session. Default `indexed-db`. */
  readonly storage?: "indexed-db" | "memory";
  /** Names the databases. Default `fastvlm-kit`. */
  readonly name?: string;
  /** Results are dropped, least recently used first, above this many bytes. Default 4 MiB. */
  readonly maxResultBytes?: number;
}

/** Options that every call has. */
export interface CallOptions extends GenerationOptions {
  /** Ends this call at once with the signal's reason; the model stays loaded. */
  readonly signal?: AbortSignal;
  /** Milliseconds of inference, from the moment that the call leaves the queue. Default 30,000. */
  readonly timeoutMs?: number;
  /** How a picture that is not square is fitted. Default `pad`: nothing is cut off. */
  readonly fit?: ImageFit;
  /** `false` neither asks the result cache nor adds to it. Default `true`. */
  readonly cache?: boolean;
}

/** A question, about pictures or about none. */
export interface GenerateRequest extends CallOptions {
  readonly prompt: string;
  /** One picture or several, in the order in which the prompt speaks of them. */
  readonly image?: ImageSource | readonly ImageSource[];
  /** Replaces the chat template's own system text. */
  readonly system?: string;
}

/** How a caption is worded. */
export interface CaptionOptions extends CallOptions {
  /** Default `brief`. */
  readonly preset?: CaptionPresetName;
  /** Upper bound in words; the caption still ends on a sentence. */
  readonly maxWords?: number;
}

/** A loaded model. Calls queue up: one runs at a time. */
export interface Vlm extends AsyncDisposable {
  readonly model: ModelInfo;
  readonly device: Device;
  /** Why it does not run on the first choice of device. */
  readonly fallback: FallbackInfo | undefined;
  /**
   * One or more whole sentences about `image`.
   *
   * @throws {VlmError} see {@link VlmErrorDetails}; the signal's reason when aborted
   */
  caption(image: ImageSource, options?: CaptionOptions): Promise<VlmResult>;
  /**
   * Streams the answer to `prompt`. Starts when it is iterated; leaving the loop cancels it. The last
   * event is `done`, with the whole result.
   *
   * @throws {VlmError} see {@link VlmErrorDetails}; the signal's reason when aborted
   * @example
   * for await (const event of vlm.generate({ image: file, prompt: "What is on the left?" })) {
   *   if (event.type === "text-delta") output.append(event.text);
   * }
   */
  generate(request: GenerateRequest): AsyncGenerator<GenerateEvent, void, undefined>;
  /** Forgets cached results, the model's files, or both (default: results). */
  clearCache(what?: "results" | "models" | "all"): Promise<void>;
  /** Ends the worker and frees its memory and the GPU's. Calls in flight and later ones reject. */
  dispose(): Promise<void>;
}

const DEFAULT_RESULT_BYTES = 4 * 2 ** 20;

/**
 * Loads a model in a worker, on the best device that really works.
 *
 * @throws {VlmError} `environment-unsupported`, `license-not-accepted`, `download-failed`, `model-invalid`, `no-device`,
 *   `worker-crashed`; the signal's reason when aborted
 * @throws {TypeError} when an option is out of its range
 */
export async function createVlm(options: VlmOptions): Promise<Vlm> {
  assertEnvironment();
  assertLicense(options.model);
  options.signal?.throwIfAborted();
  const onMetric = guardCallback(options.onMetric);
  const onProgress = guardCallback(options.onProgress);
  const report = (metric: Metric): void => {
    measureOnTimeline(metric);
    onMetric(metric);
  };
  const recorder = createRecorder(report, Date.now, { "gen_ai.request.model": options.model.id });

  const supervisor = new Supervisor({
    createWorker: options.worker,
    model: options.model,
    device: options.device ?? "auto",
    loadRequest: toLoadRequest(options),
    onMessage: (message) => {
      if (message.type === "metric") report(message.metric);
      if (message.type === "progress") onProgress(message.progress);
    },
    onEvent: guardCallback(options.onEvent),
    onRestart: (reason) => {
      recorder.record("vlm.worker.restarts", 1, { "vlm.reason": reason });
    },
    onFallback: ({ device, to, reason }) => {
      recorder.record("vlm.backend.fallback", 1, {
        "vlm.from": device,
        "vlm.to": to,
        "vlm.reason": reason,
      });
    },
  });
  try {
    return new VlmClient(
      supervisor,
      options.model,
      await abortable(supervisor.ready(), options.signal),
    );
  } catch (error) {
    await supervisor.dispose(disposedError());
    throw error;
  }
}

class VlmClient implements Vlm {
  readonly #supervisor: Supervisor;
  readonly #descriptor: ModelDescriptor;
  #latest: Ready;
  #nextCallId = 1;
  #isDisposed = false;

  constructor(supervisor: Supervisor, descriptor: ModelDescriptor, ready: Ready) {
    this.#supervisor = supervisor;
    this.#descriptor = descriptor;
    this.#latest = ready;
  }

  get model(): ModelInfo {
    return this.#latest.model;
  }

  get device(): Device {
    return this.#latest.device;
  }

  get fallback(): FallbackInfo | undefined {
    return this.#latest.fallback;
  }

  async caption(image: ImageSource, options: CaptionOptions = {}): Promise<VlmResult> {
    const presetName = options.preset ?? "brief";
    // A caller without type checks may pass any string.
    const captions: Partial<ModelDescriptor["captions"]> = this.#descriptor.captions;
    const preset = captions[presetName];
    if (!preset) {
      const names = Object.keys(captions).join("`, `");
      throw new TypeError(`Expected \`preset\` to be one of \`${names}\`, got \`${presetName}\``);
    }
    const request = { maxNewTokens: preset.maxNewTokens, ...options, prompt: preset.prompt, image };
    return this.#run(request, () => undefined, {
      endOnSentence: true,
      stripLeadIn: presetName === "alt-text",
      maxWords: options.maxWords,
    });
  }

  async *generate(request: GenerateRequest): AsyncGenerator<GenerateEvent, void, undefined> {
    const leave = new AbortController();
    const signal = request.signal ? AbortSignal.any([request.signal, leave.signal]) : leave.signal;
    const events = createEventQueue<GenerateEvent>();
    this.#run({ ...request, signal }, events.push, {
      endOnSentence: false,
      stripLeadIn: false,
    }).then((result) => {
      events.push({ type: "done", result });
      events.end();
    }, events.fail);
    try {
      yield* events;
    } finally {
      leave.abort();
    }
  }

  async clearCache(what: "results" | "models" | "all" = "results"): Promise<void> {
    const { handle } = await this.#supervisor.ready();
    await handle.clearCache(what);
  }

  async dispose(): Promise<void> {
    this.#isDisposed = true;
    await this.#supervisor.dispose(disposedError());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  async #run(
    request: GenerateRequest,
    onEvent: (event: GenerateEvent) => void,
    wording: { endOnSentence: boolean; stripLeadIn: boolean; maxWords?: number | undefined },
  ): Promise<VlmResult> {
    if (this.#isDisposed) throw disposedError();
    if (typeof request.prompt !== "string" || request.prompt.trim() === "") {
      throw new TypeError("Expected `prompt` to be a string with a question in it");
    }
    const { maxWords, endOnSentence, stripLeadIn } = wording;
    const generation = resolveGenerationOptions({
      ...request,
      ...(maxWords !== undefined && { maxWords }),
    });
    const timeoutMs = request.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    expectNumber("timeoutMs", timeoutMs, 1, 2 ** 31 - 1);
    request.signal?.throwIfAborted();

    const images = await abortable(
      Promise.all(toList(request.image).map(toWireImage)),
      request.signal,
    );
    const call: GenerateCall = {
      id: this.#nextCallId++,
      images,
      prompt: request.prompt,
      system: request.system,
      fit: request.fit ?? "pad",
      generation,
      endOnSentence,
      stripLeadIn,
      useCache: request.cache ?? true,
    };
    try {
      const result = await runCall(this.#supervisor, {
        call,
        signal: request.signal,
        timeoutMs,
        onEvent,
      });
      this.#latest = await this.#supervisor.ready().catch(() => this.#latest);
      return result;
    } finally {
      for (const image of images) if (image.kind === "bitmap") image.bitmap.close();
    }
  }
}

function toList(image: GenerateRequest["image"]): readonly ImageSource[] {
  if (image === undefined) return [];
  return Array.isArray(image) ? (image as readonly ImageSource[]) : [image as ImageSource];
}

function toLoadRequest(
  options: VlmOptions,
): ConstructorParameters<typeof Supervisor>[0]["loadRequest"] {
  const { cache = {}, wasmThreads = 0 } = options;
  const maxResultBytes = cache.maxResultBytes ?? DEFAULT_RESULT_BYTES;
  expectNumber("cache.maxResultBytes", maxResultBytes, 0, Number.MAX_SAFE_INTEGER);
  expectNumber("wasmThreads", wasmThreads, 0, 64, { isInteger: true });
  return {
    imageLimits: options.imageLimits
      ? resolveImageLimits(options.imageLimits)
      : DEFAULT_IMAGE_LIMITS,
    wasmThreads,
    storage: {
      databaseName: cache.name ?? "fastvlm-kit",
      memoryOnly: cache.storage === "memory",
      maxResultBytes,
    },
  };
}

function assertEnvironment(): void {
  const [missing] = listMissing();
  if (missing === undefined) return;
  throw new VlmError(
    "environment-unsupported",
    `This browser has no ${REQUIREMENT_NAMES[missing]}. Update it, or use a recent Chrome, Edge, Firefox or Safari.`,
    { missing },
  );
}

function assertLicense({ id, license }: ModelDescriptor): void {
  if (license.isAccepted) return;
  throw new VlmError(
    "license-not-accepted",
    `The weights of ${id} are under the licence ${license.id}: ${license.summary} Show this to the user, then pass ` +
      `\`acceptLicense: "${license.id}"\`.`,
    { modelId: id, license: license.id },
  );
}

function disposedError(): DOMException {
  return new DOMException(
    "This Vlm was disposed of. Create a new one with `createVlm`.",
    "InvalidStateError",
  );
}
