/** A worker without a model: it speaks the contract of the real one, and says what a test has scripted. */

import { createRecorder } from "../metrics/recorder.ts";
import { toWireError, type Envelope } from "../protocol/errors.ts";
import type { Metric } from "../protocol/metric.ts";
import type { DownloadProgress, VlmEvent, VlmResult } from "../protocol/result.ts";
import type { StoredModel } from "../protocol/storage.ts";
import type { ImageSource } from "../api/image-source.ts";
import {
  PROTOCOL_VERSION,
  type CallMessage,
  type LoadReport,
  type LoadRequest,
  type WireImage,
  type WorkerApi,
  type WorkerMessage,
} from "../wire/worker-api.ts";
import { answerCall, inspectImages, type CallCourse, type CallParts } from "./answer-call.ts";
import { FakePause, runDownload } from "./fake-download.ts";
import { FakeScriptError } from "./find-answer.ts";
import { resolveScripted, type FakeRequest, type FakeScript } from "./script.ts";
import { ThreadFreeWorker } from "./thread-free-worker.ts";

/** What a test sees of a fake, and lets happen to it. */
export interface FakeControls {
  /** Every request that reached a worker, in order. What the client remembers reaches none. */
  readonly requests: readonly FakeRequest[];
  /** Replaces parts of the script from now on. */
  change(script: FakeScript): void;
  /** The worker dies. Calls that run reject with `worker-crashed`, and the next call starts another worker. */
  crash(): void;
  /** The GPU is lost. A call that runs is repeated once in a fresh worker, if it has shown no text. */
  loseDevice(reason?: string): void;
  /** Something happens in the worker that `onEvent` is told of. */
  emit(event: VlmEvent): void;
  /** Something is measured in the worker that `onMetric` is told of. */
  report(metric: Metric): void;
  /** A download goes on in the worker that `onProgress` is told of. */
  showProgress(progress: DownloadProgress): void;
}

/** A fake for the option `worker` of `createVlm` and `createModelLibrary`. */
export interface FakeWorker extends FakeControls {
  /** Creates workers, as often as the client asks. They share the script. */
  readonly worker: () => Worker;
}

/** How the fake of a client differs from that of a page. */
interface FakeWorkerSettings {
  /** What the app calls an image that reached the worker. */
  readonly imageOf?: (image: WireImage) => ImageSource;
}

/** @internal `createFakeWorker` is for apps. */
export function createScriptedWorker(
  given: FakeScript,
  { imageOf = toSource }: FakeWorkerSettings = {},
): FakeWorker {
  let script = given;
  const running = new Set<RunningWorker>();
  const requests: FakeRequest[] = [];
  const remembered = new Map<string, VlmResult>();
  let loads = 0;

  const tellAll = (message: WorkerMessage): void => {
    for (const worker of running) worker.tell(message);
  };
  const shared: SharedParts = {
    script: () => script,
    imageOf,
    remembered,
    noteRequest: (request) => requests.push(request),
    countLoad: () => loads++,
    keepModels: (isKept) => {
      script = { ...script, models: (script.models ?? []).filter(isKept) };
    },
  };
  return {
    worker: () => {
      const worker = new RunningWorker(shared, () => running.delete(worker));
      running.add(worker);
      return worker.endpoint as unknown as Worker;
    },
    requests,
    change: (more) => {
      script = { ...script, ...more };
    },
    crash: () => {
      for (const worker of [...running]) worker.crash();
    },
    loseDevice: (reason = "unknown") => {
      tellAll({ type: "device-lost", reason });
    },
    emit: (event) => {
      tellAll({ type: "event", event });
    },
    report: (metric) => {
      tellAll({ type: "metric", metric });
    },
    showProgress: (progress) => {
      tellAll({ type: "progress", progress });
    },
  };
}

/** What the workers of one fake have in common. */
interface SharedParts extends Pick<CallParts, "script" | "imageOf" | "remembered" | "noteRequest"> {
  /** @returns how many loads there were before */
  countLoad(): number;
  /** Deletes the other models. */
  keepModels(isKept: (model: StoredModel) => boolean): void;
}

class RunningWorker {
  readonly endpoint: ThreadFreeWorker;
  readonly #shared: SharedParts;
  readonly #pause = new FakePause();
  readonly #calls = new Map<number, AbortController>();
  readonly #ending = new AbortController();
  #page: MessagePort | undefined;
  #loaded: CallParts | undefined;
  /** Calls run one after the other. */
  #tail: Promise<unknown> = Promise.resolve();

  constructor(shared: SharedParts, onEnd: () => void) {
    this.#shared = shared;
    this.endpoint = new ThreadFreeWorker(this.#methods(), () => {
      onEnd();
      this.#page?.close();
      this.#ending.abort(new DOMException("The worker was ended.", "AbortError"));
    });
  }

  get #models(): readonly StoredModel[] {
    return this.#shared.script().models ?? [];
  }

  tell(message: WorkerMessage): void {
    this.#page?.postMessage(message);
  }

  crash(): void {
    this.endpoint.crash("a test let it crash");
  }

  #methods(): WorkerApi {
    const done = { ok: true, value: undefined } as const;
    return {
      connect: (_, port) => {
        this.#page = port;
        return Promise.resolve({
          ok: true,
          value: { protocolVersion: PROTOCOL_VERSION, hasLock: false },
        });
      },
      addPage: () => Promise.reject(new Error("A fake worker serves one page.")),
      leave: () => Promise.resolve(),
      load: (request) => inEnvelope(() => this.#load(request)),
      open: (call, port, queuedMs) =>
        this.#run(call.id, port, queuedMs, async (parts) => {
          const [image] = await inspectImages(parts, [parts.imageOf(call.image)]);
          return { type: "opened", image: image! };
        }),
      generate: (call, port, queuedMs) =>
        this.#run(call.id, port, queuedMs, async (parts, course) => ({
          type: "done",
          result: await answerCall(parts, call, course),
        })),
      cancel: (id) => {
        this.#calls.get(id)?.abort();
        return Promise.resolve();
      },
      checkDevice: () =>
        inEnvelope(() => {
          const { deviceCheck } = this.#shared.script();
          return deviceCheck ? Promise.reject(deviceCheck) : Promise.resolve();
        }),
      dropCaches: () => Promise.resolve(),
      checkSetup: () => {
        const value = { problems: [], isIsolated: false, ...this.#shared.script().setup };
        return Promise.resolve({ ok: true, value });
      },
      pauseDownloads: (isPaused) => {
        this.#pause.set(isPaused);
        return Promise.resolve();
      },
      clearCache: (_, what) => {
        if (what !== "models") this.#shared.remembered.clear();
        if (what !== "results") this.#shared.keepModels(() => false);
        return Promise.resolve(done);
      },
      prepareOffline: () =>
        inEnvelope(async () => {
          await this.#download({ device: "wasm", model: "" });
          return { shouldAskToPersist: false };
        }),
      checkOffline: ({ variants }) => {
        const devices = variants.map(({ device }) => device);
        const value = { isReady: true, missing: [], devices, storedBytes: 0, totalBytes: 0 };
        return Promise.resolve({ ok: true, value });
      },
      listModels: () => Promise.resolve({ ok: true, value: [...this.#models] }),
      deleteModel: (_, id, revision) => {
        this.#shared.keepModels(
          (one) => one.id !== id || (revision !== undefined && one.revision !== revision),
        );
        return Promise.resolve(done);
      },
      storageUsage: () => {
        const modelBytes = this.#models.reduce((sum, { storedBytes }) => sum + storedBytes, 0);
        const sizes = { modelBytes, resultBytes: 0, featureBytes: 0 };
        const value = { ...sizes, usageBytes: undefined, quotaBytes: undefined, isPersisted: true };
        return Promise.resolve({ ok: true, value });
      },
    };
  }

  async #load({ model, variant }: LoadRequest): Promise<LoadReport> {
    const startedAt = performance.now();
    const { device } = variant;
    this.tell({ type: "start", phase: "script" });
    const { runsOn = device } = await this.#download({ device, model: model.id });
    this.tell({ type: "start", phase: "model" });
    const { id, revision } = model;
    const report: LoadReport = {
      model: { id, revision, variant: variant.id },
      device: runsOn,
      isPersisted: true,
      shouldAskToPersist: false,
    };
    const recorder = createRecorder(
      (metric) => {
        this.tell({ type: "metric", metric });
      },
      Date.now,
      {
        "gen_ai.provider.name": "fake",
        "gen_ai.request.model": id,
        "vlm.model.revision": revision,
        "vlm.device": runsOn,
        "vlm.variant": variant.id,
      },
    );
    this.#loaded = {
      ...this.#shared,
      model,
      report,
      recorder,
      crash: () => {
        this.crash();
      },
      loseDevice: (reason) => {
        this.tell({ type: "device-lost", reason });
      },
    };
    recorder.recordMs("vlm.model.load.duration", performance.now() - startedAt);
    return report;
  }

  async #download(request: { device: LoadReport["device"]; model: string }) {
    const earlierLoads = this.#shared.countLoad();
    const load = await resolveScripted(this.#shared.script().load ?? {}, {
      ...request,
      earlierLoads,
    });
    await runDownload(load, this.#pause, (progress) => {
      this.tell({ type: "progress", progress });
    });
    if (load.error) throw load.error;
    return load;
  }

  /** Runs a call after the earlier ones. Its events and its outcome go to `port`. */
  async #run(
    id: number,
    port: MessagePort,
    queuedMs: number,
    work: (parts: CallParts, course: CallCourse) => Promise<CallMessage>,
  ): Promise<void> {
    const cancellation = new AbortController();
    this.#calls.set(id, cancellation);
    const signal = AbortSignal.any([cancellation.signal, this.#ending.signal]);
    const send = (message: CallMessage): void => {
      port.postMessage(message);
    };
    const outcome = this.#tail.then(async () => {
      signal.throwIfAborted();
      if (!this.#loaded) throw new Error("A call came before `load`");
      send({ type: "started" });
      return work(this.#loaded, { send, signal, queuedMs });
    });
    this.#tail = outcome.catch(() => undefined);
    await outcome.then(send, (error: unknown) => {
      if (error instanceof FakeScriptError) console.error(error.message);
      send({ type: "failed", error: toWireError(error) });
    });
    this.#calls.delete(id);
    port.close();
  }
}

async function inEnvelope<T>(work: () => Promise<T>): Promise<Envelope<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    return { ok: false, error: toWireError(error) };
  }
}

function toSource(image: WireImage): ImageSource {
  switch (image.kind) {
    case "blob":
      return image.blob;
    case "bitmap":
      return image.bitmap;
    case "pixels":
      return image.pixels;
    case "data":
      return image.url;
  }
}
