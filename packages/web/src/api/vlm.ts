/// <reference lib="esnext.disposable" preserve="true" />

/** The interface of a loaded model, and the options with which an app creates it. */

import type { ImageLimits } from "../image/limits.ts";
import type { Metric } from "../protocol/metric.ts";
import type { Device, ModelDescriptor } from "../protocol/model-descriptor.ts";
import type {
  DownloadProgress,
  FallbackInfo,
  GenerateEvent,
  ModelInfo,
  VlmEvent,
  VlmResult,
} from "../protocol/result.ts";
import type { PoolOptions, ScalingOptions, ScalingStatus } from "../protocol/scaling.ts";
import type { RateLimit } from "../protocol/options.ts";
import type { DownloadOptions } from "../protocol/storage.ts";
import type { CacheOptions } from "./cache-options.ts";
import type { CaptionOptions, GenerateRequest, OpenOptions } from "./calls.ts";
import type { CaptionManyOptions, CaptionOutcome, ManyImages } from "./caption-many.ts";
import type { Check, Choice, ChoiceOptions, Score, ScoreOptions } from "./choices.ts";
import type { HealthReport } from "../protocol/health.ts";
import type { VlmStats } from "../protocol/stats.ts";
import type { DownloadControl } from "./download-control.ts";
import type { ImageDecoders } from "./image-decoders.ts";
import type { ImageSource } from "./image-source.ts";
import type { OpenImage } from "./open-image.ts";
import type { RemoteNodes } from "./remote.ts";
import type { WorkerSource } from "./worker-source.ts";
import type { VideoSource, Watch, WatchOptions } from "./watch.ts";

/** Options of `createVlm`. */
export interface VlmOptions {
  /** Creates the app's worker, or tells where a prebuilt one is. Called again whenever the kit needs a fresh worker. */
  readonly worker: WorkerSource;
  /** Which model to load: `tinyModel()`, `fastvlm05b()`, or a descriptor of your own. */
  readonly model: ModelDescriptor;
  /** `auto` (default) takes WebGPU if it computes right numbers, and WASM otherwise. */
  readonly device?: "auto" | Device;
  /** Aborts downloading and loading. It has no effect once the model is loaded. */
  readonly signal?: AbortSignal;
  /** Receives the progress of the download, over all files together. */
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** Receives every measurement. It never contains content, such as a prompt or a file name. */
  readonly onMetric?: (metric: Metric) => void;
  /**
   * Receives events that make no call fail, such as a fallback to another device or a restart of the worker, and a summary
   * of each call that ended.
   */
  readonly onEvent?: (event: VlmEvent) => void;
  /** Limits for images; an image over a limit is refused before it is decoded. Default `DEFAULT_IMAGE_LIMITS`. */
  readonly imageLimits?: Partial<ImageLimits>;
  /**
   * The app's own decoders by MIME type, for formats that the kit does not read, such as `image/heic`, `image/tiff` and
   * `image/svg+xml`. They run in the page.
   */
  readonly decoders?: ImageDecoders;
  readonly cache?: CacheOptions;
  readonly download?: DownloadOptions;
  /** Pauses and resumes the download of the model's files. */
  readonly control?: DownloadControl;
  /**
   * `none` forbids every request of the kit. The model then has to be stored already, and images have to be passed as
   * data. Once the model is loaded, the worker cannot reach the network at all. Default `any`.
   */
  readonly network?: "any" | "none";
  /**
   * Servers that may answer calls too, made by `remoteNodes` of `@fastvlm-kit/web/remote`. Images and prompts leave the device
   * for them, so that `network: "any"` has to be said beside it. Its mode says where calls are answered; with `remote-only`
   * and `prefer-remote` the model is loaded on the device when a call first needs it, and with `prefer-device` a device that
   * cannot load it is no error. Images of `open` and frames of `watch` never leave the device.
   */
  readonly remote?: RemoteNodes;
  /**
   * Whether the kit may convert a vision encoder to int8 on WASM, where int8 is about twice as fast. It does so once,
   * when the encoder is first loaded, and stores the result beside the downloaded file. The features then differ by 2 to
   * 3 % (cosine 0.999); if they differ more, the downloaded encoder is used. `auto` (default) converts large encoders,
   * `always` converts small ones too, and `none` runs the files as they are.
   */
  readonly optimize?: "auto" | "always" | "none";
  /** How many threads WASM uses. Default: up to four if the page is cross-origin isolated, otherwise one. */
  readonly wasmThreads?: number;
  /**
   * Leaves the original error in `cause` of the kit's errors, with its message and stack. Its text is that of the browser, of
   * a library or of your decoder, and nobody has checked it for what belongs to a user. Default: false.
   */
  readonly debug?: boolean;
  /**
   * How many calls may wait while another runs. One more is refused with `queue-full`, before anything is fetched or
   * decoded for it. Default: as many as come. Answers that the page remembers need no place.
   */
  readonly maxQueue?: number;
  /**
   * How many calls may be made within a stretch of time; one more is refused with `queue-full`. It holds for the calls of
   * this `Vlm`, those of `watch` included, or with `scope: "origin"` for those of all tabs. Default: none.
   */
  readonly rateLimit?: RateLimit;
  /**
   * The worker ends when no call was made for this time, and with it goes the memory of the model, also on the GPU. The next
   * call starts a worker again, from the files that are stored. It has no effect where the files could not be stored.
   * Default: the worker stays.
   */
  readonly unloadAfterMs?: number;
  /**
   * How many bytes the page and its workers may take. Measured after calls, once a minute at most. Over the limit the kit
   * drops what it can compute again, and if that is not enough, it ends the worker when no call runs. Chromium tells the
   * memory of all workers if the page is cross-origin isolated, and otherwise only that of the page's scripts. It does not
   * tell the memory of WebAssembly, so that the bytes of the files that workers have loaded on WASM are added. Other browsers
   * tell nothing, and the limit has no effect. Default: no limit.
   */
  readonly maxMemoryBytes?: number;
  /**
   * `tabs`: one model for all tabs of the origin that have this option, the same version of the app, and the same model,
   * storage and options. The first tab runs the worker; the others use it, with its features and answers. When that tab is
   * closed, crashes or stands still, another one starts a worker. Where the browser has no Web Locks or no
   * `BroadcastChannel`, each tab has a worker of its own. Default: each tab has its own.
   */
  readonly share?: "tabs";
  /**
   * How many workers with the model there may be, so that several calls run at once. It pays on WASM where the page is not
   * cross-origin isolated. Only the first worker downloads. Default: one worker.
   */
  readonly pool?: PoolOptions;
  /** When the pool starts and ends workers. It has no effect without `pool`. */
  readonly scaling?: ScalingOptions;
}

/** Options of `updateModel` and `rollBack`. */
export interface UpdateOptions {
  /** Aborts loading the new model; the old one goes on serving. */
  readonly signal?: AbortSignal;
  readonly control?: DownloadControl;
  /** Receives the progress of this download. Default: `onProgress` of `createVlm`. */
  readonly onProgress?: (progress: DownloadProgress) => void;
}

/** Options of `health`. */
export interface HealthOptions {
  /**
   * Makes the check of the device again, which is a real inference, after the calls that were sent. A device that fails it
   * is not used any more. It starts a worker if there is none. Default `false`.
   */
  readonly deep?: boolean;
  /** How long that check may take, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number;
}

/** A loaded model. Each of its workers runs one call at a time; the others wait in a queue. */
export interface Vlm extends AsyncDisposable {
  readonly model: ModelInfo;
  /** `remote` while no device has loaded the model, as may be with remote nodes. */
  readonly device: Device | "remote";
  /** Why the model does not run on the device that was tried first; undefined if it does. */
  readonly fallback: FallbackInfo | undefined;
  /**
   * Describes `image` in one or more whole sentences.
   *
   * @throws {VlmError} see {@link VlmErrorDetails}; the signal's reason when aborted
   */
  caption(image: ImageSource, options?: CaptionOptions): Promise<VlmResult>;
  /**
   * Streams the answer to `prompt`. The call starts when the loop over it starts; leaving the loop cancels the call. The
   * last event is `done`, with the whole result.
   *
   * @throws {VlmError} see {@link VlmErrorDetails}; the signal's reason when aborted
   * @example
   * for await (const event of vlm.generate({ image: file, prompt: "What is on the left?" })) {
   *   if (event.type === "text-delta") output.append(event.text);
   * }
   */
  generate(request: GenerateRequest): AsyncGenerator<GenerateEvent, void, undefined>;
  /**
   * Answers a question with one of `options`, and says how likely each is. The probabilities are the model's own: of all
   * answers that begin with one of the options. No text is generated.
   *
   * @param options 2 to 256 different texts. Upper and lower case of the first letter count as the same
   * @throws {VlmError} see {@link VlmErrorDetails}; the signal's reason when aborted
   * @example
   * const { choice, probability } = await vlm.choose(file, "What is this a photo of?", ["a cat", "a dog", "neither"]);
   */
  choose<const Option extends string>(
    image: ImageSource,
    question: string,
    options: readonly Option[],
    callOptions?: ChoiceOptions,
  ): Promise<Choice<Option>>;
  /**
   * Says how likely it is that a statement is true of `image`.
   *
   * @throws {VlmError} see {@link VlmErrorDetails}; the signal's reason when aborted
   */
  check(image: ImageSource, statement: string, options?: ChoiceOptions): Promise<Check>;
  /**
   * Answers a question with a number from `min` to `max`.
   *
   * @throws {VlmError} see {@link VlmErrorDetails}; the signal's reason when aborted
   * @example
   * const { score } = await vlm.score(file, "How sharp is this photo?", { min: 1, max: 5 });
   */
  score(image: ImageSource, question: string, options?: ScoreOptions): Promise<Score>;
  /**
   * Encodes an image once, so that later questions about it process only new tokens. Ask with {@link OpenImage.ask}.
   *
   * @throws {VlmError} see {@link VlmErrorDetails}; the signal's reason when aborted
   * @example
   * using image = await vlm.open(file);
   * for await (const event of image.ask("What is on the left?")) show(event);
   */
  open(image: ImageSource, options?: OpenOptions): Promise<OpenImage>;
  /**
   * Captions many images, a few at a time, and gives what became of each. An image that fails takes nothing from the others.
   * Stopping the loop ends what runs. The calls are `background` calls unless you say otherwise, and wait where the queue is
   * full.
   *
   * @throws {TypeError} when an option is wrong, or `images` is no list; the signal's reason when aborted; what the list
   *   throws
   * @example
   * for await (const { key, result, error } of vlm.captionMany(files)) {
   *   list.append(`${key}: ${result?.text ?? error.message}`);
   * }
   */
  captionMany(
    images: ManyImages,
    options?: CaptionManyOptions,
  ): AsyncGenerator<CaptionOutcome, void, undefined>;
  /**
   * Asks questions about a video while it plays, one at a time. Each question is about the newest frame, and is asked
   * only if the frame has changed since the last answer. No question is asked while the page is hidden, or while the
   * video is paused or has ended.
   *
   * @throws {TypeError} when an argument has a wrong type or is out of its range
   * @example
   * const watch = vlm.watch(video, { onCaption: ({ text }) => (output.textContent = text) });
   */
  watch(video: VideoSource, options: WatchOptions): Watch;
  /**
   * Tells whether calls are answered, and what is worse than it could be, and since when. Without `deep` it starts nothing
   * and asks the worker nothing. It never rejects because something is wrong: that is what the report says.
   *
   * @throws {TypeError} when an option is unknown or has a value that it may not have
   */
  health(options?: HealthOptions): Promise<HealthReport>;
  /** Returns counts and durations since `createVlm`, as plain numbers that JSON can hold. */
  stats(): VlmStats;
  /** Tells how many workers the pool has, what it observes, and what it decided last; undefined without `pool`. */
  scalingStatus(): ScalingStatus | undefined;
  /** Deletes cached results (default), all stored models, or both. */
  clearCache(what?: "results" | "models" | "all"): Promise<void>;
  /**
   * Loads another model or revision while this one goes on serving, and switches to it when it is ready. Calls made after
   * the switch go to the new model. Earlier calls end on the old one, whose worker then ends. For a moment both models
   * are in memory. If loading fails, nothing changes. For a branch or a tag, the kit asks the hub which commit it is at
   * now; if the hub does not answer, the kit takes the commit that is stored completely.
   *
   * @throws {VlmError} what `createVlm` throws; the signal's reason when aborted
   */
  updateModel(model: ModelDescriptor, options?: UpdateOptions): Promise<ModelInfo>;
  /**
   * Goes back to the model before the last {@link updateModel}. Its files are still stored, unless they were deleted or
   * evicted in the meantime.
   *
   * @throws {DOMException} `InvalidStateError` when there was no earlier model; otherwise what {@link updateModel} throws
   */
  rollBack(options?: UpdateOptions): Promise<ModelInfo>;
  /** Ends the worker and frees its memory, also on the GPU. Running calls and later calls reject. */
  dispose(): Promise<void>;
}
