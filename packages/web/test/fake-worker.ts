/** A `Worker` whose other side is plain methods in this thread, over a real channel and the real Comlink. */

import { expose } from "comlink";
import {
  PROTOCOL_VERSION,
  type CallMessage,
  type WorkerApi,
  type WorkerMessage,
} from "../src/wire/worker-api.ts";
import { makeResult } from "./results.ts";

export class FakeWorker extends EventTarget {
  isTerminated = false;
  /** What `load`, `open`, `generate`, `cancel` and `clearCache` were called with, in order. */
  readonly calls: unknown[][] = [];
  readonly #port: MessagePort;
  #page: MessagePort | undefined;

  /** @param api what this worker does otherwise than answering every call at once */
  constructor(api: Partial<WorkerApi> = {}) {
    super();
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.addEventListener("message", ({ data }) => {
      if (!this.isTerminated)
        this.dispatchEvent(new MessageEvent("message", { data: data as unknown }));
    });
    port1.start();
    const methods = { ...this.#answerAll(), ...api };
    const served: WorkerApi = {
      ...methods,
      connect: (lifeLock, port) => {
        this.#page = port;
        return methods.connect(lifeLock, port);
      },
      load: (...args) => this.#note("load", args, methods.load),
      open: (...args) => this.#note("open", args, methods.open),
      generate: (...args) => this.#note("generate", args, methods.generate),
      cancel: (...args) => this.#note("cancel", args, methods.cancel),
      clearCache: (...args) => this.#note("clearCache", args, methods.clearCache),
      pauseDownloads: (...args) => this.#note("pauseDownloads", args, methods.pauseDownloads),
    };
    expose(served, port2);
  }

  postMessage(message: unknown, transfer: Transferable[] = []): void {
    if (!this.isTerminated) this.#port.postMessage(message, transfer as never);
  }

  terminate(): void {
    this.isTerminated = true;
    this.#port.close();
    this.#page?.close();
  }

  /** Dies as a worker does that throws, or that the browser kills for its memory. */
  crash(message = "boom"): void {
    this.dispatchEvent(Object.assign(new Event("error", { cancelable: true }), { message }));
  }

  /** Sends what a worker may send at any time. */
  tell(message: WorkerMessage): void {
    this.#page?.postMessage(message);
  }

  #note<Args extends unknown[], T>(name: string, args: Args, method: (...args: Args) => T): T {
    this.calls.push([name, ...args]);
    return method(...args);
  }

  #answerAll(): WorkerApi {
    return {
      connect: () =>
        Promise.resolve({ ok: true, value: { protocolVersion: PROTOCOL_VERSION, hasLock: false } }),
      addPage: () => Promise.resolve(),
      leave: () => Promise.resolve(),
      load: ({ model, variant }) =>
        Promise.resolve({
          ok: true,
          value: {
            model: { id: model.id, revision: model.revision, variant: variant.id },
            device: variant.device,
            isPersisted: true,
            shouldAskToPersist: false,
          },
        }),
      open: (_, port) => {
        answer(port, { type: "opened", image: makeResult().images[0]! });
        return Promise.resolve();
      },
      generate: (_, port) => {
        answer(port, { type: "done", result: makeResult() });
        return Promise.resolve();
      },
      cancel: () => Promise.resolve(),
      dropCaches: () => Promise.resolve(),
      checkSetup: () => Promise.resolve({ ok: true, value: { problems: [], isIsolated: false } }),
      checkDevice: () => Promise.resolve({ ok: true, value: undefined }),
      clearCache: () => Promise.resolve({ ok: true, value: undefined }),
      pauseDownloads: () => Promise.resolve(),
      prepareOffline: () => Promise.resolve({ ok: true, value: { shouldAskToPersist: false } }),
      checkOffline: ({ variants }) =>
        Promise.resolve({
          ok: true,
          value: {
            isReady: true,
            missing: [],
            devices: variants.map(({ device }) => device),
            storedBytes: 0,
            totalBytes: 0,
          },
        }),
      listModels: () => Promise.resolve({ ok: true, value: [] }),
      deleteModel: () => Promise.resolve({ ok: true, value: undefined }),
      storageUsage: () =>
        Promise.resolve({
          ok: true,
          value: {
            modelBytes: 0,
            resultBytes: 0,
            featureBytes: 0,
            usageBytes: undefined,
            quotaBytes: undefined,
            isPersisted: false,
          },
        }),
    };
  }
}

/** A promise that nobody settles. */
export function never(): Promise<never> {
  return new Promise(() => undefined);
}

export function answer(port: MessagePort, ...messages: readonly CallMessage[]): void {
  for (const message of messages) port.postMessage(message);
  port.close();
}

/** The fake where the kit expects the platform's. */
export function asWorker(fake: FakeWorker): Worker {
  return fake as unknown as Worker;
}
