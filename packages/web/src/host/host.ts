/** The worker's side of the contract. It serves the methods, queues the calls, and reports events and metrics. */

import { VlmError, toWireError, type Envelope, type StartPhase } from "../protocol/errors.ts";
import type { MetricAttributes } from "../protocol/metric.ts";
import { reportCall, reportOpening } from "../metrics/call-metrics.ts";
import { createRecorder, type Recorder } from "../metrics/recorder.ts";
import { PauseGate } from "../download/pause-gate.ts";
import {
  PROTOCOL_VERSION,
  type CallMessage,
  type GenerateCall,
  type LoadReport,
  type LoadRequest,
  type OpenCall,
  type StorageRequest,
  type WorkerApi,
  type WorkerMessage,
} from "../wire/worker-api.ts";
import type { Engine } from "../engines/engine.ts";
import { filesOfVariant, type ModelDescriptor } from "../protocol/model-descriptor.ts";
import { createVerificationAhead, VERIFIER_NAME } from "../storage/verify-ahead.ts";
import { toTrustedScriptUrl } from "../shared/trusted-script-url.ts";
import type { CallScope } from "../inference/call-scope.ts";
import { toCallFailure } from "./call-failure.ts";
import { createCallScope } from "./call-scope.ts";
import { chooseEngine } from "./choose-engine.ts";
import type { HostPlatform } from "./host-platform.ts";
import type { LoadedModel } from "../inference/loaded-model.ts";
import { holdLifeLock } from "./life-lock.ts";
import { loadCode } from "./load-code.ts";
import { openModelFiles } from "./open-model-files.ts";
import { openStoredModels, type StoredModels } from "./stored-models.ts";
import { createOfflineService } from "./offline-service.ts";
import { resolveRequest, settleRequest } from "./resolve-request.ts";
import { RefusedMessages } from "./refused-messages.ts";
import { sealNetwork } from "./seal-network.ts";
import { createTaskQueue } from "./task-queue.ts";
import { createMessageYield } from "./yield-to-messages.ts";

/** The model that answers calls, and the recorder for their metrics. */
interface Served {
  readonly model: LoadedModel;
  readonly recorder: Recorder;
}

/**
 * @param engines in order of preference
 * @param refused the messages that did not reach these methods
 * @param platform what takes the place of a browser
 */
export function createHost(
  engines: readonly Engine[],
  refused = new RefusedMessages(),
  platform: HostPlatform = {},
): WorkerApi {
  const queue = createTaskQueue();
  const yieldToMessages = createMessageYield();
  const cancellations = new Map<number, AbortController>();
  const gate = new PauseGate();
  let page: MessagePort | undefined;
  let library: Promise<StoredModels> | undefined;
  let loaded: Served | undefined;

  const tell = (message: WorkerMessage): void => {
    page?.postMessage(message);
  };

  const recorderFor = (attributes: MetricAttributes): Recorder =>
    createRecorder(
      (metric) => {
        tell({ type: "metric", metric });
      },
      () => performance.timeOrigin + performance.now(),
      attributes,
    );

  /** Opened once, because a worker serves one client, which has one place of storage. */
  const openLibrary = ({ storage }: StorageRequest): Promise<StoredModels> => {
    const recorder = recorderFor({});
    return (library ??= openStoredModels(storage, {
      openStores: platform.openStores,
      onDegraded: (reason) => {
        recorder.record("vlm.storage.persisted", 0);
        tell({ type: "event", event: { type: "storage-degraded", reason } });
      },
      onRestored: (records) => {
        recorder.record("vlm.storage.restored", records);
      },
      onEvicted: () => {
        recorder.record("vlm.model.cache.evictions", 1);
      },
    }));
  };

  const load = async (asked: LoadRequest): Promise<LoadReport> => {
    const startedAt = performance.now();
    const { variant } = asked;
    const paths = filesOfVariant(asked.model, variant);
    const engine = chooseEngine(engines, variant);
    const code = loadCode(() =>
      Promise.all([import("../inference/loaded-model.ts"), engine.load()]),
    );
    code.catch(() => undefined); // It may reject while the files are still arriving.
    const recorderOf = (model: ModelDescriptor): Recorder =>
      recorderFor({
        "gen_ai.provider.name": engine.name,
        "gen_ai.request.model": model.id,
        "vlm.model.revision": model.revision,
        ...(model.cohort !== undefined && { "vlm.cohort": model.cohort }),
        "vlm.device": variant.device,
        "vlm.variant": variant.id,
      });
    const opened = await openLibrary(asked);
    const request = await resolveRequest(asked, {
      library: opened,
      paths,
      gate,
      recorder: recorderOf(asked.model),
    });
    const recorder = recorderOf(request.model);
    void opened.results.warm();
    void opened.images.warm();
    opened.hold(request.model); // Held from here on, so that no other tab evicts the files while they are read.
    const ahead = createVerificationAhead({ files: opened.files, startHelper: startVerifier });
    const files = openModelFiles({
      request,
      library: opened,
      files: ahead.files,
      recorder,
      tell,
      gate,
    });
    const hasDownloaded = await files.ensure(paths);
    await settleRequest(asked, request, opened);
    const onPhase = (phase: StartPhase): void => {
      tell({ type: "start", phase });
    };
    onPhase("script");
    const [{ loadModel }, engineCode] = await code;
    onPhase("model"); // Files are verified before the runtime starts.
    const model = await loadModel({
      request,
      files,
      verifyAhead: (stored) => ahead.begin(opened.options.databaseName, stored),
      results: opened.results,
      images: opened.images,
      recorder,
      engine: engineCode,
      onPhase,
      verdicts: opened.stores.models,
      decoder: platform.decoder,
      onEvent: (event) => {
        tell({ type: "event", event });
      },
      onDeviceLost: (reason) => {
        recorder.record("vlm.device.lost", 1, { "vlm.reason": reason });
        tell({ type: "device-lost", reason });
      },
    }).finally(() => {
      ahead.end();
    });
    loaded = { model, recorder };
    if (request.network === "none") sealNetwork();
    await opened.touch({ ...request.model, license: request.model.license.id });
    await opened.enforceLimits();
    recorder.recordMs("vlm.model.load.duration", performance.now() - startedAt);
    return {
      model: model.info,
      device: model.runtime.device,
      isPersisted: opened.stores.models.isPersistent,
      shouldAskToPersist: hasDownloaded && (await opened.shouldAskToPersist()),
    };
  };

  /** Runs a call after the earlier ones have ended. Its events and its outcome go to `port`. */
  const run = async (
    { id }: GenerateCall | OpenCall,
    port: MessagePort,
    queuedMs: number,
    work: (served: Served, scope: CallScope) => Promise<CallMessage>,
  ): Promise<void> => {
    const cancellation = new AbortController();
    cancellations.set(id, cancellation);
    const { signal } = cancellation;
    const scope = createCallScope(port, signal, yieldToMessages, queuedMs);
    const reply = await inEnvelope(async () => {
      try {
        if (!loaded) throw new Error("A call came before `load`");
        const served = loaded;
        return await queue.add(async () => {
          await scope.checkpoint();
          scope.send({ type: "started" });
          return work(served, scope);
        });
      } catch (thrown) {
        const error = toCallFailure(thrown, scope.stage, signal);
        if (VlmError.is(error) && error.code.startsWith("image-")) {
          loaded?.recorder.record("vlm.image.rejected", 1, { "error.type": error.code });
        }
        throw error;
      }
    });
    cancellations.delete(id);
    // The outcome goes through the same port as the events, so that it cannot arrive before them.
    port.postMessage(reply.ok ? reply.value : { type: "failed", error: reply.error });
    port.close();
  };

  const offline = createOfflineService({ engines, gate, openLibrary, recorderFor, tell });
  return {
    connect: (lifeLock, port) =>
      inEnvelope(async () => {
        page = port;
        refused.reportTo((reason) => {
          recorderFor({}).record("vlm.messages.refused", 1, { "vlm.reason": reason });
        });
        return { protocolVersion: PROTOCOL_VERSION, hasLock: await holdLifeLock(lifeLock) };
      }),
    load: (request) => inEnvelope(() => load(request)),
    open: (call, port, queuedMs) =>
      run(call, port, queuedMs, async ({ model, recorder }, scope) => {
        const { image, timings } = await model.open(call, scope);
        reportOpening(recorder, timings);
        return { type: "opened", image };
      }),
    generate: (call, port, queuedMs) =>
      run(call, port, queuedMs, async ({ model, recorder }, scope) => {
        const result = await model.answer(call, scope);
        reportCall(recorder, result);
        return { type: "done", result };
      }),
    cancel(id) {
      cancellations.get(id)?.abort();
      return Promise.resolve();
    },
    checkDevice: () =>
      inEnvelope(() =>
        queue.add(async () => {
          if (!loaded) throw new Error("A check came before `load`");
          await loaded.model.check();
        }),
      ),
    dropCaches: () =>
      queue.add(() => {
        loaded?.model.forget();
        return Promise.resolve();
      }),
    pauseDownloads(isPaused) {
      if (isPaused) gate.pause();
      else gate.resume();
      return Promise.resolve();
    },
    prepareOffline: (request) => inEnvelope(() => offline.prepare(request)),
    checkOffline: (request) => inEnvelope(() => offline.check(request)),
    listModels: (request) => inEnvelope(async () => (await openLibrary(request)).list()),
    deleteModel: (request, id, revision) =>
      inEnvelope(async () => (await openLibrary(request)).delete(id, revision)),
    storageUsage: (request) => inEnvelope(async () => (await openLibrary(request)).usage()),
    clearCache: (request, what) =>
      inEnvelope(async () => {
        const opened = await openLibrary(request);
        if (what !== "models") {
          await Promise.all([opened.results.clear(), opened.images.clear()]);
          loaded?.model.forget();
        }
        if (what !== "results") await opened.deleteAll();
      }),
  };
}

/** Starts this worker's own script again, with a name that makes it a verifier of files. */
function startVerifier(): Worker {
  return new Worker(toTrustedScriptUrl(self.location.href), {
    type: "module",
    name: VERIFIER_NAME,
  });
}

async function inEnvelope<T>(work: () => Promise<T>): Promise<Envelope<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    return { ok: false, error: toWireError(error) };
  }
}
