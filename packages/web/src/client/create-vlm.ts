/** Creates a client: checks the options, loads the model, and connects the callbacks for progress, metrics and events. */

import { resolveImageLimits } from "../image/limits.ts";
import { reportEvent } from "../metrics/event-metrics.ts";
import { createStatsCounter, type StatsCounter } from "../metrics/stats-counter.ts";
import { createRecorder } from "../metrics/recorder.ts";
import { VlmError } from "../protocol/errors.ts";
import { readModel } from "../families/read-model.ts";
import type { Metric } from "../protocol/metric.ts";
import type { ModelDescriptor } from "../protocol/model-descriptor.ts";
import type { EndedCall, VlmEvent } from "../protocol/result.ts";
import { atCommit } from "../schema/model-source.ts";
import { updateOptions, vlmOptions } from "../schema/client-options.ts";
import { read } from "../schema/read.ts";
import { openCrashMarks } from "../serving/crash-marks.ts";
import { askToPersist } from "../serving/ask-to-persist.ts";
import { assertLicense } from "../serving/assert-license.ts";
import { listMissing, REQUIREMENT_NAMES } from "../serving/environment.ts";
import { guardCallback } from "../shared/guard-callback.ts";
import { measureOnTimeline } from "./performance-timeline.ts";
import { untilAborted } from "../shared/abortable-wait.ts";
import { ActiveModel, type ServingLimits } from "../serving/active-model.ts";
import { hidingCauses } from "../serving/hiding-causes.ts";
import { HealthLog } from "../serving/health-log.ts";
import { measureMemory } from "../serving/memory-watch.ts";
import { createRateLimiter } from "../serving/rate-limiter.ts";
import { toDownloadPolicy, toStorageOptions } from "./storage-settings.ts";
import { Supervisor, type SupervisorOptions } from "../serving/supervisor.ts";
import { VlmClient } from "./vlm-client.ts";
import type { UpdateOptions, Vlm, VlmOptions } from "../api/vlm.ts";

/**
 * Loads a model in a worker, on the best device that computes right numbers. Resolves when the model can answer.
 *
 * @throws {VlmError} `environment-unsupported`, `license-not-accepted`, `model-invalid`, `download-failed`,
 *   `network-forbidden`, `no-device`, `worker-crashed`; the signal's reason when aborted
 * @throws {TypeError} when an option is unknown or has a value that it may not have; the message names the option
 */
export async function createVlm(given: VlmOptions): Promise<Vlm> {
  const options: VlmOptions = read(vlmOptions, given, "options");
  assertEnvironment();
  return createVlmHere(options);
}

/**
 * Creates a client without a look at the browser.
 *
 * @throws what {@link createVlm} throws, but for `environment-unsupported`
 */
export async function createVlmHere(given: VlmOptions): Promise<Vlm> {
  const options: VlmOptions = read(vlmOptions, given, "options");
  const loadRequest = toLoadRequest(options);
  const limits = toServingLimits(options);
  const stats = createStatsCounter(Date.now());
  const debug = options.debug ?? false;
  const serving = await hidingCauses(debug, () =>
    serve(options.model, options, options, { loadRequest, limits, stats }),
  );
  // Later loads do not use the signal of the first one. It may be a timeout that has passed long ago.
  const { storage, network, imageLimits } = loadRequest;
  const images = { limits: imageLimits, network, decoders: options.decoders ?? {} };
  const onEvent = guardCallback(options.onEvent);
  const onCallEnded = (call: EndedCall): void => {
    stats.noteCall(call);
    onEvent({ type: "call-ended", call });
  };
  return new VlmClient(serving, { storage, images, onCallEnded, debug, stats }, (model, update) =>
    hidingCauses(debug, () =>
      serve(model, options, read(updateOptions, update, "options"), {
        loadRequest: { ...loadRequest, asksAnew: true },
        limits,
        stats,
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
}

/** Loads one model. If it fails, its worker is ended too. */
async function serve(
  given: ModelDescriptor,
  options: VlmOptions,
  { signal, control, onProgress = options.onProgress }: UpdateOptions,
  { loadRequest, limits, stats }: Serving,
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
  const supervisor = new Supervisor({
    createWorker,
    model,
    device: options.device ?? "auto",
    loadRequest,
    onMessage: (message) => {
      if (message.type === "metric") report(message.metric);
      if (message.type === "progress") reportProgress(message.progress);
    },
    onEvent: emit,
    crashMarks: openCrashMarks(loadRequest.storage),
    onFirstDownload: () => {
      if (options.cache?.askToPersist !== false) void askToPersist(recorder);
    },
  });
  const unfollow = control?.follow((isPaused) => {
    supervisor.pauseDownloads(isPaused);
  });
  try {
    const ready = await untilAborted(supervisor.ready(), signal);
    // The branch may move later. This model stays at the commit that was loaded, also after `rollBack`.
    const served = atCommit(model, ready.model.revision);
    return new ActiveModel(served, supervisor, ready, { recorder, onEvent: emit, health }, limits);
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
  if (share === undefined) return worker;
  const { shareBetweenTabs } = await import("../tabs/share-between-tabs.ts");
  return shareBetweenTabs(worker, onRole);
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
function toServingLimits(options: VlmOptions): ServingLimits {
  const { maxQueue = Infinity, rateLimit, unloadAfterMs, maxMemoryBytes } = options;
  return {
    maxQueue,
    limiter: rateLimit && createRateLimiter(rateLimit),
    unloadAfterMs,
    maxMemoryBytes,
    measureMemory,
  };
}

function assertEnvironment(): void {
  const [missing] = listMissing();
  if (missing === undefined) return;
  throw new VlmError(
    "environment-unsupported",
    `This browser has no ${REQUIREMENT_NAMES[missing]}. Update it, or use a recent Chrome, Edge, Firefox or Safari.`,
    { missing },
  );
}

function givenUpError(): DOMException {
  return new DOMException("Loading the model was given up.", "InvalidStateError");
}
