/** The client that an app holds. It turns requests into calls, and switches from one model to another. */

import { toCall, toImageView, type CallSettings } from "../calls/call.ts";
import { ASYNC_DISPOSE } from "../shared/dispose-symbols.ts";
import { OpenImageHandle } from "./open-image.ts";
import type { CaptionOptions, GenerateRequest, OpenOptions } from "../api/calls.ts";
import type { ImageQuestion, OpenImage } from "../api/open-image.ts";
import type { HealthOptions, UpdateOptions, Vlm } from "../api/vlm.ts";
import { VlmError } from "../protocol/errors.ts";
import type { Device, ModelDescriptor } from "../protocol/model-descriptor.ts";
import { DEFAULT_TIMEOUT_MS } from "../protocol/options.ts";
import {
  captionOptions,
  generateRequest,
  imageCaptionOptions,
  imageQuestion,
  openOptions,
  promptText,
} from "../schema/call-options.ts";
import { cleared, healthOptions } from "../schema/client-options.ts";
import { read } from "../schema/read.ts";
import type {
  EndedCall,
  FallbackInfo,
  GenerateEvent,
  ModelInfo,
  VlmResult,
} from "../protocol/result.ts";
import type { LoadRequest, WireImage } from "../wire/worker-api.ts";
import {
  openAlready,
  toAskedCall,
  toList,
  viewOf,
  type TakeRequest,
} from "../calls/call-options.ts";
import { captionMany } from "../calls/caption-many.ts";
import { checkStatement, choose, score, type Chooser } from "../calls/choices.ts";
import type { CaptionManyOptions, CaptionOutcome, ManyImages } from "../api/caption-many.ts";
import type { Check, Choice, ChoiceOptions, Score, ScoreOptions } from "../api/choices.ts";
import { assertEnvironment } from "./assert-environment.ts";
import { createEventQueue } from "../calls/event-queue.ts";
import { imageSidesOf } from "../families/image-sides.ts";
import { isCostly, newImageName, recogniseImages } from "../sources/image-source.ts";
import type { ImageSource } from "../api/image-source.ts";
import type { ImageSettings } from "../sources/snapshot-options.ts";
import { seenAs } from "../calls/seen-as.ts";
import { summarized, type SummaryOptions } from "../calls/summarized.ts";
import type { ActiveModel, AskedQuestion } from "../serving/active-model.ts";
import type { Route } from "../serving/route.ts";
import { hidingCauses } from "../serving/hiding-causes.ts";
import { takeImages, type TakenImages } from "../sources/take-images.ts";
import { toHealthReport, type HealthFacts } from "./health-report.ts";
import { estimateStorage, whyDeviceFails } from "./health-probes.ts";
import type { HealthReport } from "../protocol/health.ts";
import type { ScalingStatus } from "../protocol/scaling.ts";
import type { VlmStats } from "../protocol/stats.ts";
import type { ConditionName } from "../serving/health-log.ts";
import type { StatsCounter } from "../metrics/stats-counter.ts";
import { watchVideo, type Asked } from "../watch/watch.ts";
import type { VideoSource, Watch, WatchOptions } from "../api/watch.ts";

/** Loads another model while the current one goes on serving. */
export type StartServing = (model: ModelDescriptor, options: UpdateOptions) => Promise<ActiveModel>;

/** Settings that are the same for all models of a client. */
export interface ClientSettings extends Pick<LoadRequest, "storage"> {
  readonly images: ImageSettings;
  /** Whether errors keep their cause. */
  readonly debug: boolean;
  /** Is told of every call that ended. */
  readonly onCallEnded: (call: EndedCall) => void;
  readonly stats: StatsCounter;
  /** The way to remote nodes; undefined if the app has none. */
  readonly route: Route | undefined;
  /** How many calls can run at once, when all workers that there may be are there. */
  readonly mostCalls: number;
}

export class VlmClient implements Vlm {
  readonly #startServing: StartServing;
  readonly #settings: ClientSettings;
  #serving: ActiveModel;
  #previous: ModelDescriptor | undefined;
  #nextCallId = 1;
  readonly #disposing = new AbortController();
  /** A video never leaves the device: nobody would notice how many of its images do. */
  readonly #deviceOnly: Asked = {
    caption: (image, options) => this.caption(image, { ...options, mode: "device-only" }),
    generate: (request) => this.generate({ ...request, mode: "device-only" }),
  };
  readonly #chooser: Chooser = {
    questions: () => this.#serving.model.choices,
    ask: (request, choices) => this.#run(request, () => undefined, { task: "choice", choices }),
  };

  /** @param serving the first model, loaded */
  constructor(serving: ActiveModel, settings: ClientSettings, startServing: StartServing) {
    this.#serving = serving;
    this.#settings = settings;
    this.#startServing = startServing;
  }

  get model(): ModelInfo {
    return modelOf(this.#serving);
  }

  get device(): Device | "remote" {
    return this.#serving.latest?.device ?? "remote";
  }

  get fallback(): FallbackInfo | undefined {
    return this.#serving.latest?.fallback;
  }

  async caption(image: ImageSource, options: CaptionOptions = {}): Promise<VlmResult> {
    const checked: CaptionOptions = read(captionOptions, options, "options");
    return this.#caption({ ...checked, image: [image] }, {}); // exactly one image; `undefined` is refused
  }

  generate(request: GenerateRequest): AsyncGenerator<GenerateEvent, void, undefined> {
    return this.#stream(() => read(generateRequest, request, "request"), {});
  }

  captionMany(
    images: ManyImages,
    options: CaptionManyOptions = {},
  ): AsyncGenerator<CaptionOutcome, void, undefined> {
    const { mostCalls } = this.#settings;
    return captionMany({ mostCalls, caption: this.caption.bind(this) }, images, options);
  }

  choose<const Option extends string>(
    image: ImageSource,
    question: string,
    options: readonly Option[],
    callOptions: ChoiceOptions = {},
  ): Promise<Choice<Option>> {
    return choose(this.#chooser, image, question, options, callOptions);
  }

  check(image: ImageSource, statement: string, options: ChoiceOptions = {}): Promise<Check> {
    return checkStatement(this.#chooser, image, statement, options);
  }

  score(image: ImageSource, question: string, options: ScoreOptions = {}): Promise<Score> {
    return score(this.#chooser, image, question, options);
  }

  async open(image: ImageSource, given: OpenOptions = {}): Promise<OpenImage> {
    const options: OpenOptions = read(openOptions, given, "options");
    return hidingCauses(this.#settings.debug, () => this.#openImage(image, options));
  }

  async #openImage(image: ImageSource, options: OpenOptions): Promise<OpenImage> {
    this.#assertAlive();
    const { named, info } = await this.#open(image, options);
    const how = { images: [named], reuses: true };
    const look = viewOf(options);
    return new OpenImageHandle(named, info, {
      ask: (prompt, question = {}) => {
        const readQuestion = (): GenerateRequest => {
          const checked: ImageQuestion = read(imageQuestion, question, "options");
          return { ...checked, ...look, prompt: read(promptText, prompt, "prompt") };
        };
        return this.#stream(readQuestion, how);
      },
      caption: async (question = {}) => {
        const checked: CaptionOptions = read(imageCaptionOptions, question, "options");
        return this.#caption({ ...checked, ...look }, how);
      },
    });
  }

  watch(video: VideoSource, options: WatchOptions): Watch {
    const sides = imageSidesOf(this.#serving.model);
    return watchVideo(this.#deviceOnly, video, options, {
      sides,
      disposed: this.#disposing.signal,
    });
  }

  async health(given: HealthOptions = {}): Promise<HealthReport> {
    const options: HealthOptions = read(healthOptions, given, "options");
    const serving = this.#serving;
    const { deep = false, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
    const selfCheckFailure = deep ? await whyDeviceFails(serving.local, timeoutMs) : undefined;
    const { local, latest, health, queue, memory } = serving;
    const { supervisor } = local;
    const { selfCheck } = health;
    const facts = {
      model: modelOf(serving),
      worker: bestOf(serving.locals.map(({ supervisor }) => supervisor.worker)),
      device: this.device,
      workers: serving.scaling ? serving.workers : [],
      hasFallback: this.fallback !== undefined,
      circuits: { webgpu: supervisor.circuitOf("webgpu"), wasm: supervisor.circuitOf("wasm") },
      isPersisted: latest?.isPersisted ?? false,
      storage: await estimateStorage(),
      conditionOf: (name: ConditionName) => health.conditionOf(name),
    };
    const report = { ...facts, queue, memory, selfCheck, selfCheckFailure };
    return toHealthReport(report, Date.now());
  }

  stats(): VlmStats {
    const { queue, memory, workers } = this.#serving;
    const { depth, longestWaitMs } = queue;
    const usedBytes = memory?.usedBytes ?? 0;
    return this.#settings.stats.read({ depth, longestWaitMs, usedBytes, workers });
  }

  scalingStatus(): ScalingStatus | undefined {
    return this.#serving.scaling;
  }

  async clearCache(what: "results" | "models" | "all" = "results"): Promise<void> {
    read(cleared, what, "what");
    const serving = this.#serving;
    await hidingCauses(this.#settings.debug, async () => {
      const { handle } = await serving.local.supervisor.ready();
      await handle.clearCache({ storage: this.#settings.storage }, what);
      // What is stored is shared by all workers; what they have in memory is not.
      for (const node of serving.locals) node.dropCaches();
    });
    if (what !== "models") serving.forget();
  }

  async updateModel(model: ModelDescriptor, options: UpdateOptions = {}): Promise<ModelInfo> {
    this.#assertAlive();
    const next = await this.#startServing(model, options);
    try {
      this.#assertAlive(); // The client may have been disposed of in the meantime.
    } catch (error) {
      await next.retire();
      throw error;
    }
    const old = this.#serving;
    this.#serving = next;
    this.#previous = old.model;
    await old.retire();
    return modelOf(next);
  }

  async rollBack(options: UpdateOptions = {}): Promise<ModelInfo> {
    if (!this.#previous) {
      throw new DOMException(
        "There is no earlier model to go back to. Call `updateModel` first.",
        "InvalidStateError",
      );
    }
    return this.updateModel(this.#previous, options);
  }

  async dispose(): Promise<void> {
    this.#disposing.abort(disposedError());
    this.#settings.route?.dispose(disposedError());
    await this.#serving.dispose(disposedError());
  }

  [ASYNC_DISPOSE](): Promise<void> {
    return this.dispose();
  }

  #assertAlive(): void {
    if (this.#disposing.signal.aborted) throw disposedError();
  }

  async #caption(
    { image, ...options }: CaptionOptions & Pick<GenerateRequest, "image">,
    how: CallSettings,
  ): Promise<VlmResult> {
    const presetName = options.preset ?? "brief";
    const preset = this.#serving.model.captions[presetName];
    const request = { maxNewTokens: preset.maxNewTokens, ...options, prompt: preset.prompt };
    return this.#run({ ...request, ...(image !== undefined && { image }) }, () => undefined, {
      ...how,
      task: presetName,
      endOnSentence: true,
      stripLeadIn: presetName === "alt-text",
      maxWords: options.maxWords,
    });
  }

  /** @param readRequest is called when the stream begins, and throws for wrong options */
  async *#stream(
    readRequest: () => GenerateRequest,
    how: CallSettings,
  ): AsyncGenerator<GenerateEvent, void, undefined> {
    const request = readRequest();
    const leave = new AbortController();
    const signal = request.signal ? AbortSignal.any([request.signal, leave.signal]) : leave.signal;
    const events = createEventQueue<GenerateEvent>();
    this.#run({ ...request, signal }, events.push, { ...how, isStreamed: true }).then((result) => {
      events.push({ type: "done", result });
      events.end();
    }, events.fail);
    try {
      yield* events;
    } finally {
      leave.abort();
    }
  }

  #run(
    request: GenerateRequest,
    onEvent: (event: GenerateEvent) => void,
    how: CallSettings,
  ): Promise<VlmResult> {
    return hidingCauses(this.#settings.debug, () => this.#runOnce(request, onEvent, how));
  }

  async #runOnce(
    request: GenerateRequest,
    onEvent: (event: GenerateEvent) => void,
    how: CallSettings,
  ): Promise<VlmResult> {
    this.#assertAlive();
    const { images, task, isStreamed = false, ...settings } = how;
    const serving = this.#serving;
    const call = toCall(this.#nextCallId++, serving.model, request, settings);
    const sources = toList(request.image);
    const summary: SummaryOptions = {
      task: task ?? "prompt",
      signal: request.signal,
      onCallEnded: this.#settings.onCallEnded,
      onFailed: (error, milliseconds) => {
        serving.noteFailed(error, milliseconds);
      },
    };
    return summarized(summary, (onTaken) => {
      const take = async (): Promise<TakenImages> => {
        // Images that were open before the call stay open.
        const taken = images ? openAlready(images) : await this.#take(serving, sources, request);
        onTaken(taken.images);
        return taken;
      };
      const costs = isCostly(images ? [] : sources, this.#settings.images);
      const asked = toAskedCall(request, { isCostly: costs, take, onEvent });
      const question = { ...asked, call, known: images ?? recogniseImages(sources), isStreamed };
      // An open image is open on the device.
      return images ? serving.run(question) : this.#place(serving, question, request.mode);
    });
  }

  /** Answers a question where its mode, or that of the remote nodes, says. */
  #place(
    serving: ActiveModel,
    question: AskedQuestion,
    given: GenerateRequest["mode"],
  ): Promise<VlmResult> {
    const { route } = this.#settings;
    if (!route) {
      if (given === "remote-only") throw noNode();
      return serving.run(question);
    }
    return route.run(question, given ?? route.mode, async (asked) => {
      assertEnvironment(); // With remote nodes, a client is created in any browser.
      return serving.run(asked);
    });
  }

  async #open(source: ImageSource, options: OpenOptions) {
    const serving = this.#serving;
    const sources = [source];
    let named: WireImage | undefined;
    // The image stays open when it is ready, and is closed where that fails.
    let release = (): void => undefined;
    const take = async (): Promise<TakenImages> => {
      const taken = await this.#take(serving, sources, options);
      ({ release } = taken);
      return { ...taken, release: () => undefined };
    };
    const asked = toAskedCall(options, {
      isCostly: isCostly(sources, this.#settings.images),
      take,
      onEvent: () => undefined,
    });
    try {
      const info = await serving.open(asked, ([image]) => {
        if (!image) throw new Error("One image was taken");
        named = { ...image, id: image.id ?? newImageName() };
        return { id: this.#nextCallId++, image: named, ...toImageView(options) };
      });
      if (!named) throw new Error("The image was opened before it was sent");
      return { named, info };
    } catch (error) {
      release();
      throw error;
    }
  }

  async #take(
    serving: ActiveModel,
    sources: readonly ImageSource[],
    request: TakeRequest,
  ): Promise<TakenImages> {
    try {
      return await takeImages(sources, {
        ...this.#settings.images,
        seen: seenAs(serving.model, request),
        signals: [...(request.signal ? [request.signal] : []), this.#disposing.signal],
        timeoutMs: request.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      });
    } catch (error) {
      serving.noteRefused(error);
      throw error;
    }
  }
}

/** The model's name, also while no device has loaded it. */
function modelOf({ latest, model }: ActiveModel): ModelInfo {
  return latest?.model ?? { id: model.id, revision: model.revision, variant: "not-loaded" };
}

function noNode(): VlmError<"node-failed"> {
  return new VlmError(
    "node-failed",
    'A call with the mode "remote-only" needs remote nodes. Pass `remote` to `createVlm`.',
    { node: "", reason: "no-node", hasText: false },
  );
}

function disposedError(): DOMException {
  return new DOMException(
    "This Vlm was disposed of. Create a new one with `createVlm`.",
    "InvalidStateError",
  );
}

/** The worker that can do most, where there are several. */
function bestOf(workers: readonly HealthFacts["worker"][]): HealthFacts["worker"] {
  const order = ["loaded", "starting", "none", "disposed"] as const;
  return order.find((phase) => workers.includes(phase)) ?? "none";
}
