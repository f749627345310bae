/**
 * The contract between the page and the worker: async methods that take and return plain data. Replies are envelopes.
 * Messages during a call go through a `MessagePort` that the page transfers with the call.
 */

import type { Size } from "../image/formats/size.ts";
import type { ImageLimits } from "../image/limits.ts";
import type { Envelope, StartPhase, WireError } from "../protocol/errors.ts";
import type { Metric } from "../protocol/metric.ts";
import type { Device, ModelDescriptor, ModelVariant } from "../protocol/model-descriptor.ts";
import type {
  ChatTurn,
  ImageDetail,
  ImageFit,
  ResolvedGenerationOptions,
} from "../protocol/options.ts";
import type {
  DownloadProgress,
  ImageInfo,
  ModelInfo,
  VlmEvent,
  VlmResult,
} from "../protocol/result.ts";
import type { STAGES } from "../protocol/stages.ts";
import type { UntrustedText } from "../protocol/untrusted-text.ts";
import type {
  DownloadOptions,
  OfflineReport,
  StorageUsage,
  StoredModel,
} from "../protocol/storage.ts";

/** Raised when a change would keep page and worker of different builds from understanding each other. */
export const PROTOCOL_VERSION = 12;

/** An image on its way to the worker. */
export type WireImage = (
  | { readonly kind: "blob"; readonly blob: Blob }
  /** A `data:` address, which holds the file itself. */
  | { readonly kind: "data"; readonly url: string }
  /** A copy, perhaps smaller than the image, whose own size is `natural`. */
  | { readonly kind: "bitmap"; readonly bitmap: ImageBitmap; readonly natural: Size }
  | { readonly kind: "pixels"; readonly pixels: ImageData }
) & {
  /** The page's name for the image. Images with the same name have the same pixels. */
  readonly id?: string;
};

/** Caching in IndexedDB, under a name of the app's choice. */
export interface StorageOptions {
  readonly databaseName: string;
  /** Whether nothing is kept after this session. */
  readonly isMemoryOnly: boolean;
  /** Results are dropped, least recently used first, above this many bytes. */
  readonly maxResultBytes: number;
  /** Results that nobody asked for during this long are dropped. */
  readonly maxResultAgeMs: number;
  /** Features of images are dropped, least recently used first, above this many bytes. */
  readonly maxFeatureBytes: number;
  /** Models are removed, least recently used first, while all together take more. */
  readonly maxModelBytes: number;
  /** Models that nobody loaded during this long are removed. */
  readonly maxModelAgeMs: number;
}

/** Download options with every default filled in. */
export type DownloadPolicy = Required<DownloadOptions>;

/** Whether the kit may make requests for files and images (`any`), or none at all (`none`). */
export type NetworkUse = "any" | "none";

/** The part that every request about stored models has. */
export interface StorageRequest {
  readonly storage: StorageOptions;
}

export interface FilesRequest extends StorageRequest {
  readonly model: ModelDescriptor;
  readonly variants: readonly ModelVariant[];
  readonly download: DownloadPolicy;
}

export interface FilesReport {
  /** Whether this was the first download into storage that the browser may evict. */
  readonly shouldAskToPersist: boolean;
}

export interface LoadRequest extends StorageRequest {
  readonly model: ModelDescriptor;
  readonly variant: ModelVariant;
  readonly download: DownloadPolicy;
  readonly network: NetworkUse;
  /** Whether the hub is asked for the commit of a branch or tag again, even if a commit is stored. */
  readonly asksAnew: boolean;
  readonly imageLimits: ImageLimits;
  readonly optimize: "auto" | "always" | "none";
  /** The number of threads; 0 means as many as the browser and the isolation of the page allow. */
  readonly wasmThreads: number;
}

export interface SetupReport {
  readonly problems: readonly ("wasm-blocked" | "trusted-types")[];
  /** Whether threads may share memory. */
  readonly isIsolated: boolean;
}

export interface LoadReport {
  readonly model: ModelInfo;
  readonly device: Device;
  /** Whether the model's files are stored for later visits. */
  readonly isPersisted: boolean;
  /** As in {@link FilesReport}. */
  readonly shouldAskToPersist: boolean;
}

/** How the images of a call are seen. What is undefined, the model's family decides. */
export interface ImageView {
  readonly fit: ImageFit | undefined;
  readonly detail: ImageDetail | undefined;
  /** How long encoding may take with `detail: "auto"`, in milliseconds. */
  readonly targetLatencyMs: number | undefined;
}

/** Makes an image ready for the questions that follow. */
export interface OpenCall extends ImageView {
  readonly id: number;
  readonly image: WireImage;
}

export interface GenerateCall extends ImageView {
  readonly id: number;
  readonly images: readonly WireImage[];
  readonly prompt: string;
  readonly system: string | undefined;
  readonly history: readonly ChatTurn[];
  readonly generation: ResolvedGenerationOptions;
  /** Options that the answer has to choose from, each with the spellings that count as it. */
  readonly choices?: readonly (readonly string[])[];
  readonly endOnSentence: boolean;
  readonly stripLeadIn: boolean;
  /** Whether the result cache may answer the call and store its answer. */
  readonly useCache: boolean;
  /** Whether features of images and KV caches may be reused, and are kept for later calls. */
  readonly reuses: boolean;
}

/** What the worker sends while a call runs. */
export type CallMessage =
  /** The call has left the queue, and the clock of `timeoutMs` starts. */
  | { readonly type: "started" }
  | { readonly type: "stage"; readonly stage: CallStage }
  /** The browser decodes an image, and may do so for `limitMs`. In some browsers the worker hears nothing meanwhile. */
  | { readonly type: "decoding"; readonly limitMs: number }
  | { readonly type: "decoded" }
  | { readonly type: "image-ready"; readonly images: readonly ImageInfo[] }
  | { readonly type: "tile-encoded"; readonly tiles: number; readonly totalTiles: number }
  | { readonly type: "text-delta"; readonly text: UntrustedText }
  | { readonly type: "opened"; readonly image: ImageInfo }
  | { readonly type: "done"; readonly result: VlmResult }
  | { readonly type: "failed"; readonly error: WireError };

/** The stages of a call, in order. */
export type CallStage = (typeof STAGES)[number]["name"];

/** What the worker sends at any time. */
export type WorkerMessage =
  /** A phase of the start begins, or a part of the phase is done. `url` is the file that is waited for. */
  | { readonly type: "start"; readonly phase: StartPhase; readonly url?: string | undefined }
  | { readonly type: "metric"; readonly metric: Metric }
  | { readonly type: "event"; readonly event: VlmEvent }
  | { readonly type: "progress"; readonly progress: DownloadProgress }
  | { readonly type: "device-lost"; readonly reason: string };

/** The methods that the worker serves. */
export interface WorkerApi {
  /** The handshake. Holds a Web Lock named `lifeLock` until the worker dies, where there are locks. */
  connect(
    lifeLock: string,
    port: MessagePort,
  ): Promise<Envelope<{ protocolVersion: number; hasLock: boolean }>>;
  /** Serves one more page, of another tab, on this port. The pages share the model, its caches and the queue of calls. */
  addPage(port: MessagePort): Promise<void>;
  /** The page goes, or is gone: its calls end, and it is told nothing any more. */
  leave(): Promise<void>;
  /** Loads the model. If another page began to load it, this waits for the same load. */
  load(request: LoadRequest): Promise<Envelope<LoadReport>>;
  /**
   * Events and then the outcome, `opened` or `failed`, go to `port`, which the worker closes at the end.
   *
   * @param queuedMs how long the call has waited in the page's queue, which its timings count
   */
  open(call: OpenCall, port: MessagePort, queuedMs: number): Promise<void>;
  /** The same, with `done` or `failed` as its outcome. */
  generate(call: GenerateCall, port: MessagePort, queuedMs: number): Promise<void>;
  /** Ends the call with this id, of either kind, at its next step. */
  cancel(id: number): Promise<void>;
  /** Makes the check of the device again, after the calls that were sent. */
  checkDevice(): Promise<Envelope<void>>;
  /** Frees what is kept in memory between calls. What is stored stays. */
  dropCaches(): Promise<void>;
  /** What this worker sees of how it is served. It loads nothing for it. */
  checkSetup(): Promise<Envelope<SetupReport>>;
  /** Pauses all downloads, or resumes them. */
  pauseDownloads(isPaused: boolean): Promise<void>;
  /** Downloads what the variants need, and puts the code that runs them into {@link CODE_CACHE}. */
  prepareOffline(request: FilesRequest): Promise<Envelope<FilesReport>>;
  checkOffline(request: FilesRequest): Promise<Envelope<OfflineReport>>;
  listModels(request: StorageRequest): Promise<Envelope<StoredModel[]>>;
  /** @param revision undefined deletes all revisions */
  deleteModel(
    request: StorageRequest,
    id: string,
    revision: string | undefined,
  ): Promise<Envelope<void>>;
  storageUsage(request: StorageRequest): Promise<Envelope<StorageUsage>>;
  clearCache(request: StorageRequest, what: "results" | "models" | "all"): Promise<Envelope<void>>;
}
