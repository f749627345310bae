/** What an app asks for and gets: options, requests and the client's interface. */

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
import type { DownloadOptions } from "../protocol/storage.ts";
import type { CacheOptions } from "./cache-options.ts";
import type { CaptionOptions, GenerateRequest, OpenOptions } from "./calls.ts";
import type { DownloadControl } from "./download-control.ts";
import type { ImageSource } from "./image-source.ts";
import type { OpenImage } from "./open-image.ts";
import type { VideoSource, Watch, WatchOptions } from "./watch.ts";

/** What `createVlm` needs to know. */
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
  readonly download?: DownloadOptions;
  /** Pauses and resumes the download of the model's files. */
  readonly control?: DownloadControl;
  /**
   * `none` forbids every request of the kit: the model has to be stored already, images have to be
   * passed as data, and once the model is loaded the worker cannot reach the network at all. Default `any`.
   */
  readonly network?: "any" | "none";
  /**
   * Whether files may be written again for this device, once, at their first load, and kept beside the
   * downloaded ones. With `auto` (default) a large vision encoder runs in int8 on WASM, about twice as
   * fast; its features differ by 2 to 3 % (cosine 0.999), and it is given up where they differ more.
   * `always` does so for small ones too; `none` runs the files as they are.
   */
  readonly optimize?: "auto" | "always" | "none";
  /** Threads of the WASM runtime. Default: up to four where the page is cross-origin isolated, else one. */
  readonly wasmThreads?: number;
}

/** How a model is replaced. */
export interface UpdateOptions {
  /** Gives the new model up; the old one goes on. */
  readonly signal?: AbortSignal;
  readonly control?: DownloadControl;
  /** Default: the client's own. */
  readonly onProgress?: (progress: DownloadProgress) => void;
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
  /**
   * Encodes an image, so that questions about it take only what is new: {@link OpenImage.ask}.
   *
   * @throws {VlmError} see {@link VlmErrorDetails}; the signal's reason when aborted
   * @example
   * using image = await vlm.open(file);
   * for await (const event of image.ask("What is on the left?")) show(event);
   */
  open(image: ImageSource, options?: OpenOptions): Promise<OpenImage>;
  /**
   * Asks about a video as it plays, one question at a time: always about the newest frame, and only
   * when it shows something else than at the last answer. Rests while the page is hidden and while
   * the video is paused or at its end.
   *
   * @throws {TypeError} when an argument is not what it should be
   * @example
   * const watch = vlm.watch(video, { onCaption: ({ text }) => (output.textContent = text) });
   */
  watch(video: VideoSource, options: WatchOptions): Watch;
  /** Forgets cached results, all stored models, or both (default: results). */
  clearCache(what?: "results" | "models" | "all"): Promise<void>;
  /**
   * Loads another model, or another revision, while this one goes on serving, and switches when it is
   * ready: later calls go to the new one, earlier ones end on the old one, whose worker then ends.
   * Both are in memory for a moment. When it fails nothing changes. Of a branch or tag, the hub is asked
   * for the commit that it is at now; where it cannot be, the one that is stored whole goes on.
   *
   * @throws {VlmError} what `createVlm` throws; the signal's reason when aborted
   */
  updateModel(model: ModelDescriptor, options?: UpdateOptions): Promise<ModelInfo>;
  /**
   * Goes back to the model before the last {@link updateModel}. Its files are still stored, unless
   * they were deleted or evicted meanwhile.
   *
   * @throws {DOMException} `InvalidStateError` when there was none; else as {@link updateModel}
   */
  rollBack(options?: UpdateOptions): Promise<ModelInfo>;
  /** Ends the worker and frees its memory and the GPU's. Calls in flight and later ones reject. */
  dispose(): Promise<void>;
}
