/** The client over whatever serves: turns requests into calls, and switches from one model to another. */

import { toCall, type CallSettings } from "./call.ts";
import { OpenPhoto } from "./open-photo.ts";
import type {
  CaptionOptions,
  GenerateRequest,
  OpenOptions,
  Photo,
  PictureOption,
  UpdateOptions,
  Vlm,
} from "./vlm.ts";
import type { Device, ModelDescriptor } from "../protocol/model-descriptor.ts";
import { DEFAULT_TIMEOUT_MS, expectNumber } from "../protocol/options.ts";
import type { FallbackInfo, GenerateEvent, ModelInfo, VlmResult } from "../protocol/result.ts";
import type { StorageOptions } from "../wire/api.ts";
import { createEventQueue } from "./event-queue.ts";
import { newName, toWireImage, type ImageSource } from "./image-source.ts";
import { abortable } from "./run-call.ts";
import type { Serving } from "./serving.ts";
import { watchVideo } from "./watch.ts";
import type { VideoSource, Watch, WatchOptions } from "./watch-options.ts";

/** Loads a model beside the one that serves. */
export type StartServing = (model: ModelDescriptor, options: UpdateOptions) => Promise<Serving>;

export class VlmClient implements Vlm {
  readonly #startServing: StartServing;
  readonly #storage: StorageOptions;
  #serving: Serving;
  #previous: ModelDescriptor | undefined;
  #nextCallId = 1;
  readonly #disposing = new AbortController();

  /** @param serving the first model, loaded */
  constructor(serving: Serving, storage: StorageOptions, startServing: StartServing) {
    this.#serving = serving;
    this.#storage = storage;
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
    return this.#caption({ ...options, image }, {});
  }

  generate(request: GenerateRequest): AsyncGenerator<GenerateEvent, void, undefined> {
    return this.#stream(request, {});
  }

  async open(image: ImageSource, options: OpenOptions = {}): Promise<Photo> {
    this.#assertAlive();
    const picture = await abortable(toWireImage(image), options.signal);
    const named = { ...picture, id: picture.id ?? newName() };
    const how = { pictures: [named], reuses: true };
    // The prompt is never asked: what comes before it is made ready.
    const opening = { ...options, prompt: "?" };
    const { images } = await this.#run(opening, () => undefined, { ...how, isOpening: true });
    const look = lookOf(options);
    return new OpenPhoto(named, images[0]!, {
      ask: (prompt, question = {}) => this.#stream({ ...question, ...look, prompt }, how),
      caption: (question = {}) => this.#caption({ ...question, ...look }, how),
    });
  }

  watch(video: VideoSource, options: WatchOptions): Watch {
    return watchVideo(this, video, options, this.#disposing.signal);
  }

  async clearCache(what: "results" | "models" | "all" = "results"): Promise<void> {
    const serving = this.#serving;
    const { handle } = await serving.supervisor.ready();
    await handle.clearCache({ storage: this.#storage }, what);
    if (what !== "models") serving.forget();
  }

  async updateModel(model: ModelDescriptor, options: UpdateOptions = {}): Promise<ModelInfo> {
    this.#assertAlive();
    const next = await this.#startServing(model, options);
    try {
      this.#assertAlive(); // Meanwhile the client may have been disposed of.
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

  [Symbol.asyncDispose](): Promise<void> {
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
    // A caller without type checks may pass any string.
    const captions: Partial<ModelDescriptor["captions"]> = this.#serving.model.captions;
    const preset = captions[presetName];
    if (!preset) {
      const names = Object.keys(captions).join("`, `");
      throw new TypeError(`Expected \`preset\` to be one of \`${names}\`, got \`${presetName}\``);
    }
    const request = { maxNewTokens: preset.maxNewTokens, ...options, prompt: preset.prompt };
    return this.#run({ ...request, ...(image !== undefined && { image }) }, () => undefined, {
      ...how,
      endOnSentence: true,
      stripLeadIn: presetName === "alt-text",
      maxWords: options.maxWords,
    });
  }

  async *#stream(
    request: GenerateRequest,
    how: CallSettings,
  ): AsyncGenerator<GenerateEvent, void, undefined> {
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

  async #run(
    request: GenerateRequest,
    onEvent: (event: GenerateEvent) => void,
    how: CallSettings,
  ): Promise<VlmResult> {
    this.#assertAlive();
    const call = toCall(this.#nextCallId++, request, how);
    const timeoutMs = request.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    expectNumber("timeoutMs", timeoutMs, 1, 2 ** 31 - 1);
    request.signal?.throwIfAborted();

    const images =
      how.pictures ??
      (await abortable(Promise.all(toList(request.image).map(toWireImage)), request.signal));
    try {
      return await this.#serving.run({
        call: { ...call, images },
        signal: request.signal,
        timeoutMs,
        onEvent,
      });
    } finally {
      // A picture that is open stays so.
      if (!how.pictures)
        for (const image of images) if (image.kind === "bitmap") image.bitmap.close();
    }
  }
}

/** Every question sees the picture as it was opened. */
function lookOf({ fit, detail, targetLatencyMs }: OpenOptions): Pick<OpenOptions, PictureOption> {
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
