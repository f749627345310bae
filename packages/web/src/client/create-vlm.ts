/** Creates a client: checks the options, loads the model, and connects the callbacks for progress, metrics and events. */

import { resolveImageLimits } from "../image/limits.ts";
import { reportEvent } from "../metrics/event-metrics.ts";
import { createStatsCounter, type StatsCounter } from "../metrics/stats-counter.ts";
import { createRecorder } from "../metrics/recorder.ts";
import { readModel } from "../families/read-model.ts";
import type { Metric } from "../protocol/metric.ts";
import type { ModelDescriptor } from "../protocol/model-descriptor.ts";
import type { RateLimit } from "../protocol/options.ts";
import type { EndedCall, VlmEvent } from "../protocol/result.ts";
import { atCommit } from "../schema/model-source.ts";
import { updateOptions, vlmOptions } from "../schema/client-options.ts";
import { read } from "../schema/read.ts";
import { openCrashMarks } from "../serving/crash-marks.ts";
import { askToPersist } from "../serving/ask-to-persist.ts";
import { assertLicense } from "../serving/assert-license.ts";
import { guardCallback } from "../shared/guard-callback.ts";
import { assertEnvironment } from "./assert-environment.ts";
import { loadChunk } from "./load-chunk.ts";
import { openRoute } from "./open-route.ts";
import { measureOnTimeline } from "./performance-timeline.ts";
import { untilAborted } from "../shared/abortable-wait.ts";
import { ActiveModel, type ServingLimits } from "../serving/active-model.ts";
import { hidingCauses } from "../serving/hiding-causes.ts";
import { HealthLog } from "../serving/health-log.ts";
import { measureMemory } from "../serving/memory-watch.ts";
import { createRateLimiter, type RateLimiter } from "../serving/rate-limiter.ts";
import { openLocalStorage } from "../serving/text-storage.ts";
import { toDownloadPolicy, toStorageOptions } from "./storage-settings.ts";
import type { CreatePool } from "../serving/worker-pool.ts";
import type { Route } from "../serving/route.ts";
import { Supervisor, type LoadedWorker, type SupervisorOptions } from "../serving/supervisor.ts";
import { identityOf, toWorkerCreator } from "../serving/worker-creator.ts";
import { VlmClient } from "./vlm-client.ts";
import type { UpdateOptions, Vlm, VlmOptions } from "../api/vlm.ts";
import type { StorageOptions } from "../wire/worker-api.ts";

/**
 * Loads a model in a worker, on the best device that computes right numbers. Resolves when the model can answer.
 *
 * @throws {VlmError} `environment-unsupported`, `license-not-accepted`, `model-invalid`, `download-failed`,
 *   `network-forbidden`, `start-failed`, `no-device`, `worker-crashed`; the signal's reason when aborted
 * @throws {TypeError} when an option is unknown or has a value that it may not have; the message names the option
 */
export async function createVlm(given: VlmOptions): Promise<Vlm> {
  const options: VlmOptions = read(vlmOptions, given, "options");
  if (!options.remote) assertEnvironment();
  return create(options);
}

/**
 * Creates a client without a look at the browser.
 *
 * @throws what {@link createVlm} throws, but for `environment-unsupported`
 */
export async function createVlmHere(given: VlmOptions): Promise<Vlm> {
  return create(read(vlmOptions, given, "options"));
}

/** @param options as their schema has read them */
async function create(options: VlmOptions): Promise<Vlm> {
  const loadRequest = toLoadRequest(options);
  const limits = await toServingLimits(options);
  const stats = createStatsCounter(Date.now());
  const debug = options.debug ?? false;
  const { imageLimits } = loadRequest;
  const route = openRoute(options, { imageLimits, limiter: limits.limiter, stats });
  const serving = await hidingCauses(debug, () =>
    serve(options.model, options, options, { loadRequest, limits, stats, route }),
  ).catch((error: unknown) => {
    route?.dispose(givenUpError());
    throw error;
  });
  // Later loads do not use the signal of the first one. It may be a timeout that has passed long ago.
  const { storage, network } = loadRequest;
  const images = { limits: imageLimits, network, decoders: options.decoders ?? {} };
  const onEvent = guardCallback(options.onEvent);
  const onCallEnded = (call: EndedCall): void => {
    stats.noteCall(call);
    onEvent({ type: "call-ended", call });
  };
  const mostCalls = Math.max(1, options.pool?.max ?? 1);
  const settings = { storage, images, onCallEnded, debug, stats, route, mostCalls };
  return new VlmClient(serving, settings, (model, update) =>
    hidingCauses(debug, () =>
      serve(model, options, read(updateOptions, update, "options"), {
        loadRequest: { ...loadRequest, asksAnew: true },
        limits,
        stats,
        route,
      }),
    ),
  );
}

type LoadSettings = SupervisorOptions["loadRequest"];

/** What every model of a client is served with. */
interface Serving {
  readonly loadRequest: LoadSettings;
  readonly limits: ServingLimits;
  readonly stats: StatsCounter;
  readonly route: Route | undefined;
}

/** Loads one model. If it fails, its worker is ended too. */
async function serve(
  given: ModelDescriptor,
  options: VlmOptions,
  { signal, control, onProgress = options.onProgress }: UpdateOptions,
  { loadRequest, limits, stats, route }: Serving,
): Promise<ActiveModel> {
  const model = readModel(given);
  assertLicense(model);
  signal?.throwIfAborted();
  const health = new HealthLog();
  const onMetric = guardCallback(options.onMetric);
  const onEvent = guardCallback(options.onEvent);
  const reportProgress = guardCallback(onProgress);
  const report = (metric: Metric): void => {
    measureOnTimeline(metric);
    stats.noteMetric(metric);
    health.noteMetric(metric);
    onMetric(metric);
  };
  const recorder = createRecorder(report, Date.now, {
    "gen_ai.request.model": model.id,
    "vlm.model.revision": model.revision,
    ...(model.cohort !== undefined && { "vlm.cohort": model.cohort }),
  });

  const emit = (event: VlmEvent): void => {
    reportEvent(recorder, event);
    health.noteEvent(event);
    onEvent(event);
  };
  const createWorker = await toWorkers(options, (role) => {
    emit({ type: "tab-role", role });
  });
  const common: Omit<SupervisorOptions, "model" | "loadRequest"> = {
    createWorker,
    device: options.device ?? "auto",
    onMessage: (message) => {
      if (message.type === "metric") report(message.metric);
    },
    onEvent: emit,
    crashMarks: openCrashMarks(loadRequest.storage),
    onFirstDownload: () => {
      if (options.cache?.askToPersist !== false) void askToPersist(recorder);
    },
  };
  const supervisor = new Supervisor({
    ...common,
    model,
    loadRequest,
    onMessage: (message) => {
      common.onMessage(message);
      if (message.type === "progress") reportProgress(message.progress);
    },
  });
  const unfollow = control?.follow((isPaused) => {
    supervisor.pauseDownloads(isPaused);
  });
  try {
    const ready = await loadFirst(supervisor, route, signal);
    // The branch may move later. This model stays at the commit that was loaded, also after `rollBack`.
    const served = ready ? atCommit(model, ready.model.revision) : model;
    // Further workers take from the storage what the first one has downloaded, and the device that it runs on.
    const more = { ...common, model: served, device: ready?.device ?? common.device };
    const createPool = await loadPool(options, () => {
      return new Supervisor({ ...more, loadRequest: { ...loadRequest, asksAnew: false } });
    });
    const told = { recorder, onEvent: emit, health };
    return new ActiveModel(served, supervisor, ready, told, {
      ...limits,
      ...(createPool && { createPool }),
    });
  } catch (error) {
    await supervisor.dispose(givenUpError());
    throw error;
  } finally {
    unfollow?.();
  }
}

/** What creates a worker for a load. The code that shares workers is loaded only where it is used. */
async function toWorkers(
  { worker, share }: VlmOptions,
  onRole: (role: "leader" | "follower") => void,
): Promise<SupervisorOptions["createWorker"]> {
  if (share === undefined) return toWorkerCreator(worker);
  const { shareBetweenTabs } = await loadChunk(() => import("../tabs/share-between-tabs.ts"));
  return shareBetweenTabs(
    { createWorker: toWorkerCreator(worker), identity: identityOf(worker) },
    onRole,
  );
}

/** Loads the model at once, unless nodes come first, or take the place of a device that cannot load it. */
async function loadFirst(
  supervisor: Supervisor,
  route: Route | undefined,
  signal: AbortSignal | undefined,
): Promise<LoadedWorker | undefined> {
  if (route?.mode === "remote-only" || route?.mode === "prefer-remote") return undefined;
  try {
    // With nodes, a browser that lacks something is one more device that cannot load the model.
    if (route) assertEnvironment();
    return await untilAborted(supervisor.ready(), signal);
  } catch (error) {
    if (route?.replaces(error) === true) return undefined;
    throw error;
  }
}

function toLoadRequest(options: VlmOptions): LoadSettings {
  const { wasmThreads = 0, network = "any", optimize = "auto" } = options;
  return {
    imageLimits: resolveImageLimits(options.imageLimits),
    wasmThreads,
    network,
    asksAnew: false,
    optimize,
    storage: toStorageOptions(options.cache),
    download: toDownloadPolicy(options.download),
  };
}

/** All models of a client share one rate. */
async function toServingLimits(options: VlmOptions): Promise<ServingLimits> {
  const { maxQueue = Infinity, rateLimit, unloadAfterMs, maxMemoryBytes } = options;
  return {
    maxQueue,
    limiter: rateLimit && (await toLimiter(rateLimit, toStorageOptions(options.cache))),
    unloadAfterMs,
    maxMemoryBytes,
    isShared: options.share !== undefined,
    measureMemory,
  };
}

/** The limit of an origin is a chunk of its own, as few apps have one. */
async function toLimiter(
  limit: RateLimit,
  { databaseName, isMemoryOnly }: StorageOptions,
): Promise<RateLimiter> {
  const storage = limit.scope === "origin" && !isMemoryOnly ? openLocalStorage() : undefined;
  if (!storage) return createRateLimiter(limit);
  const { createOriginRateLimiter } = await loadChunk(
    () => import("../serving/origin-rate-limiter.ts"),
  );
  return createOriginRateLimiter(limit, { storage, name: databaseName });
}

/** The pool is a chunk of its own, so that pages with one worker do not load it. */
async function loadPool(
  { pool, scaling = {}, share }: VlmOptions,
  createSupervisor: () => Supervisor,
): Promise<CreatePool | undefined> {
  if (!pool) return undefined;
  const { WorkerPool } = await loadChunk(() => import("../serving/worker-pool.ts"));
  // Node 20 has no navigator.
  const cores = "navigator" in globalThis ? navigator.hardwareConcurrency : Infinity;
  const settings = { pool, scaling, cores, isShared: share !== undefined, createSupervisor };
  return (served) => new WorkerPool({ ...settings, ...served });
}

function givenUpError(): DOMException {
  return new DOMException("Loading the model was given up.", "InvalidStateError");
}
