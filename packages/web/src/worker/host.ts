/** The worker's side of the contract: serves the methods, queues the calls, reports what happens. */

import { VlmError, toWireError, type Envelope } from "../protocol/errors.ts";
import type { VlmResult } from "../protocol/result.ts";
import { createRecorder, type Recorder } from "../metrics/recorder.ts";
import { createModelFiles } from "../storage/model-files.ts";
import { openStores, type Stores } from "../storage/open-stores.ts";
import { createResultCache, type ResultCache } from "../storage/result-cache.ts";
import {
  PROTOCOL_VERSION,
  type GenerateCall,
  type LoadReport,
  type LoadRequest,
  type WorkerApi,
  type WorkerMessage,
} from "../wire/api.ts";
import type { OrtFiles } from "../ort/load-ort.ts";
import { createCallScope } from "./call-scope.ts";
import { createProgress } from "./download-progress.ts";
import { loadEngine, type Engine } from "./engine.ts";
import { holdLifeLock } from "./life-lock.ts";
import { reportCall } from "./call-metrics.ts";
import { createTaskQueue } from "./task-queue.ts";
import { createMessageYield } from "./yield-to-messages.ts";

export function createHost(ortFiles: OrtFiles | undefined): WorkerApi {
  const queue = createTaskQueue();
  const yieldToMessages = createMessageYield();
  const cancellations = new Map<number | "load", AbortController>();
  let page: MessagePort | undefined;
  let loaded:
    { engine: Engine; stores: Stores; results: ResultCache; recorder: Recorder } | undefined;

  const tell = (message: WorkerMessage): void => {
    page?.postMessage(message);
  };

  const load = async (request: LoadRequest, signal: AbortSignal): Promise<LoadReport> => {
    const startedAt = performance.now();
    const recorder = createRecorder(
      (metric) => {
        tell({ type: "metric", metric });
      },
      () => performance.timeOrigin + performance.now(),
      {
        "gen_ai.provider.name": "onnxruntime-web",
        "gen_ai.request.model": request.model.id,
        "vlm.device": request.variant.device,
        "vlm.variant": request.variant.id,
      },
    );
    const stores = openStores(request.storage, (reason) => {
      recorder.record("vlm.storage.persisted", 0);
      tell({ type: "event", event: { type: "storage-degraded", reason } });
    });
    const results = createResultCache(stores.results, request.storage.maxResultBytes, Date.now);
    const onBytes = createProgress(request.model, request.variant, (progress) => {
      tell({ type: "progress", progress });
    });
    const files = createModelFiles({
      model: request.model,
      store: stores.models,
      signal,
      onBytes,
      onCacheHit: () => {
        recorder.record("vlm.model.cache.hits", 1);
      },
      onCacheMiss: () => {
        recorder.record("vlm.model.cache.misses", 1);
      },
      onDownloaded: (_, bytes, milliseconds) => {
        recorder.record("vlm.model.download.bytes", bytes);
        recorder.recordMs("vlm.model.download.duration", milliseconds);
      },
    });
    const engine = await loadEngine({
      request,
      files,
      results,
      recorder,
      signal,
      ortFiles,
      onDeviceLost: (reason) => {
        recorder.record("vlm.device.lost", 1, { "vlm.reason": reason });
        tell({ type: "device-lost", reason });
      },
    });
    loaded = { engine, stores, results, recorder };
    recorder.recordMs("vlm.model.load.duration", performance.now() - startedAt);
    const persisted = stores.models.isPersistent && !request.storage.memoryOnly;
    return { model: engine.model, device: engine.runtime.device, persisted };
  };

  const generate = async (
    call: GenerateCall,
    port: MessagePort,
    signal: AbortSignal,
  ): Promise<VlmResult> => {
    if (!loaded) throw new Error("`generate` was called before `load`");
    const { engine, recorder } = loaded;
    const scope = createCallScope(port, signal, yieldToMessages);
    scope.send({ type: "queued", position: queue.size });
    try {
      const result = await queue.add(async () => {
        await scope.checkpoint();
        scope.send({ type: "started" });
        return engine.answer(call, scope);
      });
      reportCall(recorder, call, result);
      return result;
    } catch (error) {
      if (VlmError.is(error) && error.code.startsWith("image-")) {
        recorder.record("vlm.image.rejected", 1, { "error.type": error.code });
      }
      throw error;
    }
  };

  /** Runs `work` under a cancellation of its own. */
  const cancellable = async <T>(
    target: number | "load",
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> => {
    const controller = new AbortController();
    cancellations.set(target, controller);
    try {
      return await work(controller.signal);
    } finally {
      cancellations.delete(target);
    }
  };

  return {
    connect: (lifeLock, port) =>
      inEnvelope(async () => {
        page = port;
        return { protocolVersion: PROTOCOL_VERSION, hasLock: await holdLifeLock(lifeLock) };
      }),
    load: (request) => inEnvelope(() => cancellable("load", (signal) => load(request, signal))),
    async generate(call, port) {
      const reply = await inEnvelope(() =>
        cancellable(call.id, (signal) => generate(call, port, signal)),
      );
      // The outcome goes the same way as the events before it, so that it cannot overtake them.
      port.postMessage(
        reply.ok ? { type: "done", result: reply.value } : { type: "failed", error: reply.error },
      );
      port.close();
    },
    cancel(target) {
      cancellations.get(target)?.abort();
      return Promise.resolve();
    },
    clearCache: (what) =>
      inEnvelope(async () => {
        if (what !== "models") await loaded?.results.clear();
        if (what !== "results") await loaded?.stores.models.clear();
      }),
  };
}

async function inEnvelope<T>(work: () => Promise<T>): Promise<Envelope<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    return { ok: false, error: toWireError(error) };
  }
}
