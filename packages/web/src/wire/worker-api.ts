/**
 * The contract between the page and the worker: async methods over plain data. Replies are
 * envelopes; what streams goes through a transferred `MessagePort` as the messages below.
 */

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
import type {
  DownloadOptions,
  OfflineReport,
  StorageUsage,
  StoredModel,
} from "../protocol/storage.ts";

/** Bumped when page and worker of different builds could not understand each other. */
export const PROTOCOL_VERSION = 3;

/** An image on its way to the worker. */
export type WireImage = (
  | { readonly kind: "blob"; readonly blob: Blob }
  | { readonly kind: "url"; readonly url: string }
  | { readonly kind: "bitmap"; readonly bitmap: ImageBitmap }
  | { readonly kind: "pixels"; readonly pixels: ImageData }
) & {
  /** The page's name for it: what has the same name has the same pixels. */
  readonly id?: string;
};

/** Caching in IndexedDB, under a name of the app's choice. */
export interface StorageOptions {
  readonly databaseName: string;
  /** Keep nothing beyond this session. */
  readonly memoryOnly: boolean;
  /** Results are dropped, least recently used first, above this many bytes. */
  readonly maxResultBytes: number;
  /** Results that nobody asked for during this long are dropped. */
  readonly maxResultAgeMs: number;
  /** What is known of images is dropped, least recently used first, above this many bytes. */
  readonly maxFeatureBytes: number;
  /** Models are removed, least recently used first, while all together take more. */
  readonly maxModelBytes: number;
  /** Models that nobody loaded during this long are removed. */
  readonly maxModelAgeMs: number;
}

/** Download options with every default filled in. */
export type DownloadPolicy = Required<DownloadOptions>;

/** Whether the kit may fetch: files and images, or nothing at all. */
export type NetworkUse = "any" | "none";

/** What every request that touches stored models says. */
export interface StorageRequest {
  readonly storage: StorageOptions;
}

export interface FilesRequest extends StorageRequest {
  readonly model: ModelDescriptor;
  readonly variants: readonly ModelVariant[];
  readonly download: DownloadPolicy;
}

export interface FilesReport {
  /** Whether this was the first download that a later visit could lose. */
  readonly shouldAskToPersist: boolean;
}

export interface LoadRequest extends StorageRequest {
  readonly model: ModelDescriptor;
  readonly variant: ModelVariant;
  readonly download: DownloadPolicy;
  readonly network: NetworkUse;
  /** Whether the model's branch or tag is looked up again where its commit is known. */
  readonly asksAnew: boolean;
  readonly imageLimits: ImageLimits;
  readonly optimize: "auto" | "always" | "none";
  /** 0: as many as the browser and isolation allow. */
  readonly wasmThreads: number;
}

export interface LoadReport {
  readonly model: ModelInfo;
  readonly device: Device;
  /** Whether the model's files outlive this session. */
  readonly persisted: boolean;
  /** As in {@link FilesReport}. */
  readonly shouldAskToPersist: boolean;
}

export interface GenerateCall {
  readonly id: number;
  readonly images: readonly WireImage[];
  readonly prompt: string;
  readonly system: string | undefined;
  readonly history: readonly ChatTurn[];
  readonly fit: ImageFit;
  readonly detail: ImageDetail;
  /** For `auto`: how long the images may take, in milliseconds. */
  readonly targetLatencyMs: number | undefined;
  readonly generation: ResolvedGenerationOptions;
  readonly endOnSentence: boolean;
  readonly stripLeadIn: boolean;
  /** Whether the result cache may answer and remember. */
  readonly useCache: boolean;
  /** Whether features of images and beginnings of prompts may be reused, and are kept. */
  readonly reuses: boolean;
  /** Nothing is asked yet: the images are made ready for the questions that follow. */
  readonly isOpening: boolean;
}

/** What the worker sends while a call runs. */
export type CallMessage =
  | { readonly type: "queued"; readonly position: number }
  /** The call left the queue: the clock of `timeoutMs` starts. */
  | { readonly type: "started" }
  | { readonly type: "stage"; readonly stage: CallStage }
  | { readonly type: "image-ready"; readonly images: readonly ImageInfo[] }
  | { readonly type: "text-delta"; readonly text: string }
  | { readonly type: "done"; readonly result: VlmResult }
  | { readonly type: "failed"; readonly error: WireError };

/** The stages of a call, in order. */
export type CallStage = "queue" | "image" | "vision" | "prefill" | "decode";

/** What the worker sends at any time. */
export type WorkerMessage =
  /** A phase of the start begins, or a part of it is done. */
  | { readonly type: "start"; readonly phase: StartPhase }
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
  load(request: LoadRequest): Promise<Envelope<LoadReport>>;
  /** Events and then the outcome go to `port`, which the worker closes at the end. */
  generate(call: GenerateCall, port: MessagePort): Promise<void>;
  /** Ends the call of this id at the next step. */
  cancel(id: number): Promise<void>;
  /** Stops all downloads where they are, or lets them go on. */
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
