/** The worker's side of the contract. It serves the methods, queues the calls, and reports events and metrics. */

import { VlmError, toWireError, type Envelope } from "../protocol/errors.ts";
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
import type { CallScope } from "../inference/call-scope.ts";
import { toCallFailure } from "./call-failure.ts";
import { checkSetup } from "./check-setup.ts";
import { createCallScope } from "./call-scope.ts";
import type { HostPlatform } from "./host-platform.ts";
import { holdLifeLock } from "./life-lock.ts";
import { load, type LoadParts, type Served } from "./load.ts";
import { createOfflineService } from "./offline-service.ts";
import { Pages, type ServedPage } from "./pages.ts";
import { RefusedMessages } from "./refused-messages.ts";
import { openStoredModels, type StoredModels } from "./stored-models.ts";
import { createTaskQueue } from "./task-queue.ts";
import { createMessageYield } from "./yield-to-messages.ts";

/** A worker, without its ports. */
export interface Host {
  /**
   * @param refused the page's messages that did not reach these methods
   * @returns the methods for one more page. All pages share the model, its caches and the queue of calls
   */
  addPage(refused?: RefusedMessages): WorkerApi;
}

/**
 * @param engines in order of preference
 * @param platform what takes the place of a browser
 * @param servePort puts the methods for another page on its port
 */
export function createHost(
  engines: readonly Engine[],
  platform: HostPlatform = {},
  servePort: (host: Host, port: MessagePort) => void = () => undefined,
): Host {
  const queue = createTaskQueue();
  const yieldToMessages = createMessageYield();
  const pages = new Pages();
  const gate = new PauseGate();
  let library: Promise<StoredModels> | undefined;
  let loaded: Served | undefined;
  let loading: { readonly key: string; readonly report: Promise<LoadReport> } | undefined;

  const tell = (message: WorkerMessage): void => {
    pages.tell(message);
  };

  const recorderFor = (attributes: MetricAttributes): Recorder =>
    createRecorder(
      (metric) => {
        pages.report(metric);
      },
      () => performance.timeOrigin + performance.now(),
      attributes,
    );

  /** Opened once, because all pages of a worker have the same place of storage. */
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

  const loadParts: LoadParts = {
    engines,
    decoder: platform.decoder,
    gate,
    openLibrary,
    recorderFor,
    tell,
    onDeviceLost: (reason) => {
      pages.tellAll({ type: "device-lost", reason });
    },
  };

  /** Loads the model, or waits for the load that another page began. */
  const loadFor = async (page: ServedPage, request: LoadRequest): Promise<LoadReport> => {
    const { model, variant } = request;
    const key = JSON.stringify([model.id, variant.id]);
    if (loading) {
      if (loading.key !== key) throw new Error("The pages of one worker load the same model");
      pages.joinLoad(page);
      // The page that began the load asks.
      return { ...(await loading.report), shouldAskToPersist: false };
    }
    pages.beginLoad(page);
    const report = load(request, loadParts).then(({ report, ...served }) => {
      loaded = served;
      return report;
    });
    loading = { key, report };
    report.catch(() => {
      loading = undefined;
    });
    return report;
  };

  /** Runs a call after the earlier ones have ended. Its events and its outcome go to `port`. */
  const run = async (
    page: ServedPage,
    { id }: GenerateCall | OpenCall,
    port: MessagePort,
    queuedMs: number,
    work: (served: Served, scope: CallScope) => Promise<CallMessage>,
  ): Promise<void> => {
    const cancellation = new AbortController();
    page.calls.set(id, cancellation);
    const served = loaded;
    const { signal } = cancellation;
    const scope = createCallScope(port, signal, yieldToMessages, queuedMs);
    const reply = await inEnvelope(() =>
      queue.add(() =>
        pages.asking(page, async () => {
          try {
            if (!served) throw new Error("A call came before `load`");
            await scope.checkpoint();
            scope.send({ type: "started" });
            return await work(served, scope);
          } catch (thrown) {
            const error = toCallFailure(thrown, scope.stage, signal);
            if (VlmError.is(error) && error.code.startsWith("image-")) {
              served?.recorder.record("vlm.image.rejected", 1, { "error.type": error.code });
            }
            throw error;
          }
        }),
      ),
    );
    page.calls.delete(id);
    // The outcome goes through the same port as the events, so that it cannot arrive before them.
    port.postMessage(reply.ok ? reply.value : { type: "failed", error: reply.error });
    port.close();
  };

  const offline = createOfflineService({ engines, gate, openLibrary, recorderFor, tell });

  const methodsFor = (page: ServedPage, refused: RefusedMessages): WorkerApi => ({
    connect: (lifeLock, port) =>
      inEnvelope(async () => {
        page.port = port;
        refused.reportTo((reason) => {
          const recorder = createRecorder(
            (metric) => {
              page.tell({ type: "metric", metric });
            },
            Date.now,
            {},
          );
          recorder.record("vlm.messages.refused", 1, { "vlm.reason": reason });
        });
        return { protocolVersion: PROTOCOL_VERSION, hasLock: await holdLifeLock(lifeLock) };
      }),
    addPage(port) {
      servePort(host, port);
      return Promise.resolve();
    },
    leave() {
      pages.remove(page);
      applyPause();
      return Promise.resolve();
    },
    load: (request) => inEnvelope(() => loadFor(page, request)),
    open: (call, port, queuedMs) =>
      run(page, call, port, queuedMs, async ({ model, recorder }, scope) => {
        const { image, timings } = await model.open(call, scope);
        reportOpening(recorder, timings);
        return { type: "opened", image };
      }),
    generate: (call, port, queuedMs) =>
      run(page, call, port, queuedMs, async ({ model, recorder }, scope) => {
        const result = await model.answer(call, scope);
        reportCall(recorder, result);
        return { type: "done", result };
      }),
    cancel(id) {
      page.calls.get(id)?.abort();
      return Promise.resolve();
    },
    checkDevice: () =>
      inEnvelope(() =>
        queue.add(() =>
          pages.asking(page, async () => {
            if (!loaded) throw new Error("A check came before `load`");
            await loaded.model.check();
          }),
        ),
      ),
    dropCaches: () =>
      queue.add(() => {
        loaded?.model.forget();
        return Promise.resolve();
      }),
    checkSetup: () => inEnvelope(() => Promise.resolve(checkSetup())),
    pauseDownloads(isPaused) {
      page.isPaused = isPaused;
      applyPause();
      return Promise.resolve();
    },
    prepareOffline: (request) =>
      inEnvelope(() => {
        pages.beginLoad(page);
        return offline.prepare(request);
      }),
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
  });

  const applyPause = (): void => {
    if (pages.isPaused) gate.pause();
    else gate.resume();
  };

  const host: Host = {
    addPage: (refused = new RefusedMessages()) => methodsFor(pages.add(), refused),
  };
  return host;
}

async function inEnvelope<T>(work: () => Promise<T>): Promise<Envelope<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    return { ok: false, error: toWireError(error) };
  }
}
