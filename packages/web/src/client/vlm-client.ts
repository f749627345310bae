/** The client that an app holds. It turns requests into calls, and switches from one model to another. */

import { toCall, toImageView, type CallSettings } from "./call.ts";
import { ASYNC_DISPOSE } from "../shared/dispose-symbols.ts";
import { OpenImageHandle } from "./open-image.ts";
import type {
  CaptionOptions,
  GenerateRequest,
  OpenOptions,
  ImageViewOption,
} from "../api/calls.ts";
import type { ImageQuestion, OpenImage } from "../api/open-image.ts";
import type { UpdateOptions, Vlm } from "../api/vlm.ts";
import type { Device, ModelDescriptor } from "../protocol/model-descriptor.ts";
import { toAnsweredCall, toUnansweredCall } from "../metrics/ended-call.ts";
import { DEFAULT_TIMEOUT_MS } from "../protocol/options.ts";
import {
  captionOptions,
  generateRequest,
  imageCaptionOptions,
  imageQuestion,
  openOptions,
  promptText,
} from "../schema/call-options.ts";
import { cleared } from "../schema/client-options.ts";
import { read } from "../schema/read.ts";
import type {
  EndedCall,
  FallbackInfo,
  GenerateEvent,
  ImageInfo,
  ModelInfo,
  VlmResult,
} from "../protocol/result.ts";
import type { LoadRequest, WireImage } from "../wire/worker-api.ts";
import { createEventQueue } from "./event-queue.ts";
import { imageSidesOf } from "../families/image-sides.ts";
import { newImageName } from "../sources/image-source.ts";
import type { ImageSource } from "../api/image-source.ts";
import type { ImageSettings } from "../sources/snapshot-options.ts";
import { seenAs } from "./seen-as.ts";
import type { ActiveModel } from "../serving/active-model.ts";
import { hidingCauses } from "../serving/hiding-causes.ts";
import { releaseImage, takeImages, type TakenImages } from "../sources/take-images.ts";
import { watchVideo } from "../watch/watch.ts";
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
}

export class VlmClient implements Vlm {
  readonly #startServing: StartServing;
  readonly #settings: ClientSettings;
  #serving: ActiveModel;
  #previous: ModelDescriptor | undefined;
  #nextCallId = 1;
  readonly #disposing = new AbortController();

  /** @param serving the first model, loaded */
  constructor(serving: ActiveModel, settings: ClientSettings, startServing: StartServing) {
    this.#serving = serving;
    this.#settings = settings;
    this.#startServing = startServing;
  }

  get model(): ModelInfo {
    return this.#serving.latest.model;
  }

  get device(): Device {
    return this.#serving.latest.device;
  }

  get fallback(): FallbackInfo | undefined {
    return this.#serving.latest.fallback;
  }

  async caption(image: ImageSource, options: CaptionOptions = {}): Promise<VlmResult> {
    const checked: CaptionOptions = read(captionOptions, options, "options");
    return this.#caption({ ...checked, image: [image] }, {}); // exactly one image; `undefined` is refused
  }

  generate(request: GenerateRequest): AsyncGenerator<GenerateEvent, void, undefined> {
    return this.#stream(() => read(generateRequest, request, "request"), {});
  }

  async open(image: ImageSource, given: OpenOptions = {}): Promise<OpenImage> {
    const options: OpenOptions = read(openOptions, given, "options");
    return hidingCauses(this.#settings.debug, () => this.#openImage(image, options));
  }

  async #openImage(image: ImageSource, options: OpenOptions): Promise<OpenImage> {
    this.#assertAlive();
    const { images: taken, waitedMs } = await this.#take([image], options);
    const [source] = taken;
    if (!source) throw new Error("One image was taken");
    const named = { ...source, id: source.id ?? newImageName() };
    const how = { images: [named], reuses: true };
    const info = await this.#open(named, options, waitedMs).catch((error: unknown) => {
      releaseImage(source);
      throw error;
    });
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
    return watchVideo(this, video, options, { sides, disposed: this.#disposing.signal });
  }

  async clearCache(what: "results" | "models" | "all" = "results"): Promise<void> {
    read(cleared, what, "what");
    const serving = this.#serving;
    await hidingCauses(this.#settings.debug, async () => {
      const { handle } = await serving.supervisor.ready();
      await handle.clearCache({ storage: this.#settings.storage }, what);
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
    return next.latest.model;
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
    await this.#serving.supervisor.dispose(disposedError());
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
      preset: presetName,
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
    this.#run({ ...request, signal }, events.push, how).then((result) => {
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
    const { images, waitedMs = 0, preset, ...settings } = how;
    const call = toCall(this.#nextCallId++, this.#serving.model, request, settings);
    return this.#summarized(preset ?? "prompt", request.signal, async (onTaken) => {
      const taken = images
        ? { images, waitedMs }
        : await this.#take(toList(request.image), request);
      onTaken(taken.images);
      try {
        return await this.#serving.run({
          call: { ...call, images: taken.images },
          signal: request.signal,
          timeoutMs: request.timeoutMs ?? DEFAULT_TIMEOUT_MS,
          waitedMs: taken.waitedMs,
          onEvent,
        });
      } finally {
        // Images that were open before the call stay open.
        if (!images) taken.images.forEach(releaseImage);
      }
    });
  }

  /** Runs a call, and tells when it ends how it ended. */
  async #summarized(
    task: EndedCall["task"],
    signal: AbortSignal | undefined,
    run: (onTaken: (images: readonly WireImage[]) => void) => Promise<VlmResult>,
  ): Promise<VlmResult> {
    const startedAt = Date.now();
    const start = performance.now();
    let imageKinds: EndedCall["imageKinds"] = [];
    const onTaken = (images: readonly WireImage[]): void => {
      imageKinds = images.map(({ kind }) =>
        kind === "blob" || kind === "data" ? "file" : "pixels",
      );
    };
    try {
      const result = await run(onTaken);
      const begun = { startedAt, task, imageKinds };
      this.#settings.onCallEnded(toAnsweredCall(begun, performance.now() - start, result));
      return result;
    } catch (error) {
      const isAborted = signal?.aborted === true;
      const milliseconds = performance.now() - start;
      const begun = { startedAt, task, imageKinds };
      this.#settings.onCallEnded(toUnansweredCall(begun, milliseconds, error, isAborted));
      if (!isAborted) this.#serving.noteFailed(error, milliseconds);
      throw error;
    }
  }

  async #open(image: WireImage, options: OpenOptions, waitedMs: number): Promise<ImageInfo> {
    this.#assertAlive(); // While the image was taken, the client may have been disposed of.
    return this.#serving.open({
      call: { id: this.#nextCallId++, image, ...toImageView(options) },
      signal: options.signal,
      timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      waitedMs,
    });
  }

  async #take(
    sources: readonly ImageSource[],
    request: Pick<GenerateRequest, "signal" | "timeoutMs" | "detail" | "fit">,
  ): Promise<TakenImages> {
    try {
      return await takeImages(sources, {
        ...this.#settings.images,
        seen: seenAs(this.#serving.model, request),
        signals: [...(request.signal ? [request.signal] : []), this.#disposing.signal],
        timeoutMs: request.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      });
    } catch (error) {
      this.#serving.noteRefused(error);
      throw error;
    }
  }
}

/** The options of an open image, which apply to every question about it. */
function viewOf({ fit, detail, targetLatencyMs }: OpenOptions): Pick<OpenOptions, ImageViewOption> {
  return {
    ...(fit !== undefined && { fit }),
    ...(detail !== undefined && { detail }),
    ...(targetLatencyMs !== undefined && { targetLatencyMs }),
  };
}

function toList(image: GenerateRequest["image"]): readonly ImageSource[] {
  if (image === undefined) return [];
  return Array.isArray(image) ? (image as readonly ImageSource[]) : [image as ImageSource];
}

function disposedError(): DOMException {
  return new DOMException(
    "This Vlm was disposed of. Create a new one with `createVlm`.",
    "InvalidStateError",
  );
}
