/// <reference lib="esnext.disposable" preserve="true" />

/** Lists, deletes and prepares stored models without loading one. */

import { createRecorder, type Recorder } from "../metrics/recorder.ts";
import { readModel } from "../families/read-model.ts";
import type { Metric } from "../protocol/metric.ts";
import type { Device, ModelDescriptor, ModelVariant } from "../protocol/model-descriptor.ts";
import { VlmError } from "../protocol/errors.ts";
import type { DownloadProgress, VlmEvent } from "../protocol/result.ts";
import type {
  DownloadOptions,
  OfflineReport,
  StorageUsage,
  StoredModel,
} from "../protocol/storage.ts";
import type { FilesRequest, WorkerMessage } from "../wire/worker-api.ts";
import { askToPersist } from "../serving/ask-to-persist.ts";
import { assertLicense } from "../serving/assert-license.ts";
import {
  libraryOptions,
  modelName,
  offlineQuestion,
  prepareOptions,
} from "../schema/client-options.ts";
import { read } from "../schema/read.ts";
import { listCandidates } from "../serving/candidates.ts";
import { hidingCauses } from "../serving/hiding-causes.ts";
import { ASYNC_DISPOSE } from "../shared/dispose-symbols.ts";
import type { DownloadControl } from "../api/download-control.ts";
import { guardCallback } from "../shared/guard-callback.ts";
import { untilAborted } from "../shared/abortable-wait.ts";
import { toDownloadPolicy, toStorageOptions } from "../client/storage-settings.ts";
import type { CacheOptions } from "../api/cache-options.ts";
import type { WorkerSource } from "../api/worker-source.ts";
import { toWorkerCreator } from "../serving/worker-creator.ts";
import { WorkerHandle } from "../serving/worker-handle.ts";

/** Options of {@link createModelLibrary}. */
export interface ModelLibraryOptions {
  /** Creates the app's worker, or tells where a prebuilt one is, as for `createVlm`. */
  readonly worker: WorkerSource;
  /** As for `createVlm`. Everything that uses the same cache name shares its models. */
  readonly cache?: CacheOptions;
  readonly download?: DownloadOptions;
  readonly onMetric?: (metric: Metric) => void;
  readonly onEvent?: (event: VlmEvent) => void;
  /** As for `createVlm`. */
  readonly debug?: boolean;
}

/** Which devices to prepare for: the one that is tried first (`auto`), all that may be tried (`all`), or a certain one. */
export type OfflineDevices = "auto" | "all" | Device;

/** Options of {@link ModelLibrary.prepareOffline}. */
export interface PrepareOptions {
  /** Default `auto`. With `all`, WASM can replace a GPU that fails while there is no network. */
  readonly device?: OfflineDevices;
  /** Aborts the download. What has arrived stays stored. */
  readonly signal?: AbortSignal;
  readonly control?: DownloadControl;
  readonly onProgress?: (progress: DownloadProgress) => void;
}

/** The models stored by this origin under one cache name. */
export interface ModelLibrary extends AsyncDisposable {
  /** Lists the stored models, complete or not, the most recently used first. */
  listModels(): Promise<StoredModel[]>;
  /**
   * Deletes a model's files, and the recorded hashes of its first download. Workers that have it loaded go on.
   *
   * @param revision which revision to delete; all of them if it is not given
   */
  deleteModel(id: string, revision?: string): Promise<void>;
  /** How many bytes are stored, and how much the browser allows. */
  storageUsage(): Promise<StorageUsage>;
  /**
   * Fetches everything that a later visit without a network needs: weights, tokenizer, the scripts of the worker, and
   * onnxruntime's files. Scripts and onnxruntime's files go into the Cache named {@link CODE_CACHE}, from which the app's
   * service worker has to serve them.
   *
   * @throws {VlmError} `license-not-accepted`, `model-invalid`, `no-device`, `download-failed`,
   *   `worker-crashed`; the signal's reason when aborted
   */
  prepareOffline(model: ModelDescriptor, options?: PrepareOptions): Promise<OfflineReport>;
  /** Whether everything that {@link prepareOffline} fetches is stored. Needs no network. */
  isOfflineReady(
    model: ModelDescriptor,
    options?: Pick<PrepareOptions, "device">,
  ): Promise<boolean>;
  /** Like {@link isOfflineReady}, but also says what is missing. */
  checkOffline(
    model: ModelDescriptor,
    options?: Pick<PrepareOptions, "device">,
  ): Promise<OfflineReport>;
  /** Ends the library's worker. Running calls reject. */
  dispose(): Promise<void>;
}

/**
 * Creates a library of the stored models. Its first call starts a worker; each download gets a worker of its own.
 *
 * @throws {TypeError} when an option is unknown or has a value that it may not have; the message names the option
 */
export function createModelLibrary(options: ModelLibraryOptions): ModelLibrary {
  return new ModelLibraryClient(read(libraryOptions, options, "options"));
}

class ModelLibraryClient implements ModelLibrary {
  readonly #options: ModelLibraryOptions;
  readonly #storage: ReturnType<typeof toStorageOptions>;
  readonly #policy: ReturnType<typeof toDownloadPolicy>;
  readonly #recorder: Recorder;
  readonly #report: (metric: Metric) => void;
  readonly #downloads = new Set<WorkerHandle>();
  #shared: Promise<WorkerHandle> | undefined;
  #isDisposed = false;

  constructor(options: ModelLibraryOptions) {
    this.#options = options;
    this.#storage = toStorageOptions(options.cache);
    this.#policy = toDownloadPolicy(options.download);
    this.#report = guardCallback(options.onMetric);
    this.#recorder = createRecorder(this.#report, Date.now);
  }

  async listModels(): Promise<StoredModel[]> {
    return this.#ask((handle) => handle.listModels({ storage: this.#storage }));
  }

  async deleteModel(id: string, revision?: string): Promise<void> {
    read(modelName, { id, revision }, "options");
    await this.#ask((handle) => handle.deleteModel({ storage: this.#storage }, id, revision));
  }

  async storageUsage(): Promise<StorageUsage> {
    const usage = await this.#ask((handle) => handle.storageUsage({ storage: this.#storage }));
    this.#recorder.record(
      "vlm.storage.usage",
      usage.modelBytes + usage.resultBytes + usage.featureBytes,
    );
    return usage;
  }

  async prepareOffline(
    descriptor: ModelDescriptor,
    options: PrepareOptions = {},
  ): Promise<OfflineReport> {
    return this.#hidingCauses(() => this.#prepareOffline(descriptor, options));
  }

  async #prepareOffline(
    descriptor: ModelDescriptor,
    options: PrepareOptions,
  ): Promise<OfflineReport> {
    const given: PrepareOptions = read(prepareOptions, options, "options");
    const { device = "auto", signal, control, onProgress } = given;
    const model = readModel(descriptor);
    assertLicense(model);
    signal?.throwIfAborted();
    const request = await this.#filesRequest(model, device);
    const report = guardCallback(onProgress);
    const handle = await this.#startWorker((message) => {
      if (message.type === "progress") report(message.progress);
    });
    this.#downloads.add(handle);
    const unfollow = control?.follow((isPaused) => {
      handle.pauseDownloads(isPaused);
    });
    try {
      // To abort a download, its worker is ended. What it has stored stays.
      const work = handle.prepareOffline(request);
      const { shouldAskToPersist } = await untilAborted(work, signal);
      const isWanted = this.#options.cache?.askToPersist !== false;
      // Firefox asks the user. The answer may come late or never, so nothing waits for it.
      if (shouldAskToPersist && isWanted) void askToPersist(this.#recorder);
      return await handle.checkOffline(request);
    } finally {
      unfollow?.();
      this.#downloads.delete(handle);
      handle.end(disposedError());
    }
  }

  async isOfflineReady(
    model: ModelDescriptor,
    options: Pick<PrepareOptions, "device"> = {},
  ): Promise<boolean> {
    return (await this.checkOffline(model, options)).isReady;
  }

  async checkOffline(
    model: ModelDescriptor,
    options: Pick<PrepareOptions, "device"> = {},
  ): Promise<OfflineReport> {
    const { device = "auto" } = read(offlineQuestion, options, "options");
    const request = await this.#filesRequest(readModel(model), device);
    return this.#ask((handle) => handle.checkOffline(request));
  }

  async dispose(): Promise<void> {
    this.#isDisposed = true;
    for (const handle of this.#downloads) handle.end(disposedError());
    (await this.#shared?.catch(() => undefined))?.end(disposedError());
  }

  [ASYNC_DISPOSE](): Promise<void> {
    return this.dispose();
  }

  #ask<T>(question: (handle: WorkerHandle) => Promise<T>): Promise<T> {
    return this.#hidingCauses(async () => question(await this.#worker()));
  }

  #hidingCauses<T>(work: () => Promise<T>): Promise<T> {
    return hidingCauses(this.#options.debug ?? false, work);
  }

  /** The worker for all quick calls. If it died or did not start, the next call starts a new one. */
  async #worker(): Promise<WorkerHandle> {
    const starting = (this.#shared ??= this.#startWorker(() => undefined));
    const handle = await starting.catch((error: unknown) => {
      if (this.#shared === starting) this.#shared = undefined;
      throw error;
    });
    if (!handle.isEnded) return handle;
    if (this.#shared === starting) this.#shared = undefined;
    return this.#worker();
  }

  async #startWorker(onMessage: (message: WorkerMessage) => void): Promise<WorkerHandle> {
    this.#assertAlive();
    const onEvent = guardCallback(this.#options.onEvent);
    const handle = new WorkerHandle({
      createWorker: toWorkerCreator(this.#options.worker),
      onMessage: (message) => {
        if (message.type === "metric") this.#report(message.metric);
        if (message.type === "event") onEvent(message.event);
        onMessage(message);
      },
      onDeath: () => undefined, // Its calls reject, and `#worker` replaces it.
    });
    await handle.connect();
    try {
      this.#assertAlive(); // The library may have been disposed of in the meantime.
      return handle;
    } catch (error) {
      handle.end(disposedError());
      throw error;
    }
  }

  #assertAlive(): void {
    if (this.#isDisposed) throw disposedError();
  }

  async #filesRequest(model: ModelDescriptor, device: OfflineDevices): Promise<FilesRequest> {
    return {
      model,
      variants: await chooseVariants(model, device),
      storage: this.#storage,
      download: this.#policy,
    };
  }
}

async function chooseVariants(
  model: ModelDescriptor,
  device: OfflineDevices,
): Promise<readonly ModelVariant[]> {
  const wanted = device === "all" ? "auto" : device;
  const { candidates, rejected } = await listCandidates(model, wanted);
  const variants = candidates.map(({ variant }) => variant);
  const [first] = variants;
  if (!first) {
    const reasons = rejected.map(({ message }) => message).join(" ");
    throw new VlmError("no-device", `No device of this browser could run the model: ${reasons}`, {
      attempts: rejected,
    });
  }
  return device === "all" ? variants : [first];
}

function disposedError(): DOMException {
  return new DOMException(
    "This ModelLibrary was disposed of. Create a new one with `createModelLibrary`.",
    "InvalidStateError",
  );
}
