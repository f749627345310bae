/**
 * Watches the workers that onnxruntime starts as its threads. ORT itself waits for each of them without a limit, and lets
 * their errors become errors of the page.
 */

import type { OrtBuild } from "./ort-source.ts";
import { nameMergedThread } from "./merged-thread.ts";
import { toTrustedScriptUrl } from "../../shared/trusted-script-url.ts";

export interface ThreadEvents {
  /** The browser is asked for a thread. */
  readonly onCreate: () => void;
  /** It has answered. Firefox may never, where its developer tools are open, and nothing runs here meanwhile. */
  readonly onCreated: () => void;
  /** Called when the code is compiled and the first thread receives it. */
  readonly onHandOver: () => void;
  /** Called when one more thread is ready; `missing` threads are not ready yet. */
  readonly onReady: (missing: number) => void;
  /** @param message what the browser said; it says nothing of a script that did not load */
  readonly onError: (message: string, address: string) => void;
}

/** The name that ORT gives its threads. */
const THREAD_NAME = "em-pthread";

/**
 * Keeps references to the threads. Firefox collects a worker to which only its own listeners refer, which is so for ORT's
 * threads while they start, and ORT would then wait for ever. The threads live as long as this worker.
 */
const kept = new Set<Worker>();

/**
 * Watches the threads of a build that starts now.
 *
 * @returns a function that ends the watch; the threads go on
 */
export function watchThreads(build: OrtBuild, events: ThreadEvents): () => void {
  // Node, where tests run, has no scope of a worker.
  if (!("self" in globalThis) || !("Worker" in self)) return () => undefined;
  const Plain = self.Worker;
  const watch = new AbortController();
  let missing = 0;

  class Thread extends Plain {
    #isHandedOver = false;

    constructor(url: string | URL, options: WorkerOptions) {
      const isMerged = new URL(url, self.location.href).href === self.location.href;
      super(
        toTrustedScriptUrl(url),
        isMerged ? { ...options, name: nameMergedThread(build) } : options,
      );
      kept.add(this);
      missing += 1;
      const { signal } = watch;
      const onReady = (): void => {
        missing -= 1;
        events.onReady(missing);
      };
      this.addEventListener("message", onReady, { signal, once: true });
      // Runs before ORT's own listener, which would make it an error of the page.
      const onError = (event: ErrorEvent): void => {
        event.preventDefault();
        event.stopImmediatePropagation();
        events.onError(event.message || "", String(url));
      };
      this.addEventListener("error", onError, { signal });
    }

    override postMessage(message: unknown, options?: StructuredSerializeOptions): void;
    override postMessage(message: unknown, transfer: Transferable[]): void;
    override postMessage(message: unknown, options: never): void {
      if (!this.#isHandedOver && !watch.signal.aborted) events.onHandOver();
      this.#isHandedOver = true;
      super.postMessage(message, options);
    }
  }

  self.Worker = new Proxy(Plain, {
    construct(target, [url, options]: [string | URL, WorkerOptions | undefined]) {
      if (options?.name?.startsWith(THREAD_NAME) !== true) return new target(url, options);
      if (watch.signal.aborted) return new Thread(url, options);
      events.onCreate();
      const thread = new Thread(url, options);
      events.onCreated();
      return thread;
    },
  });
  return () => {
    self.Worker = Plain;
    watch.abort();
  };
}
