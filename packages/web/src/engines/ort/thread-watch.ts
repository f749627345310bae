/**
 * The workers that onnxruntime starts as its threads, seen from the worker that it runs in. ORT itself
 * waits for each of them without an end, and lets an error of theirs become one of the page.
 */

import type { OrtBuild } from "./load-ort.ts";
import { nameMergedThread } from "./merged-thread.ts";

export interface ThreadEvents {
  /** The browser is asked for a thread. */
  readonly onCreate: () => void;
  /** It has answered. Firefox may never, where its developer tools are open, and nothing runs here meanwhile. */
  readonly onCreated: () => void;
  /** Code is loaded and compiled: the first thread gets it. */
  readonly onHandOver: () => void;
  /** One more thread is ready; `missing` are not yet. */
  readonly onReady: (missing: number) => void;
  readonly onError: (message: string) => void;
}

/** What ORT calls its threads. */
const THREAD_NAME = "em-pthread";

/**
 * Firefox collects a worker that nothing but its own listeners refers to, as ORT's are while they
 * start, and ORT then waits for ever. They live as long as the worker that they belong to.
 */
const kept = new Set<Worker>();

/**
 * Watches the threads of a build that starts now.
 *
 * @returns ends the watch; the threads go on
 */
export function watchThreads(build: OrtBuild, events: ThreadEvents): () => void {
  // In Node there is no worker's scope, and the runtime is tested there.
  if (!("self" in globalThis) || !("Worker" in self)) return () => undefined;
  const Plain = self.Worker;
  const watch = new AbortController();
  let missing = 0;

  class Thread extends Plain {
    #isHandedOver = false;

    constructor(url: string | URL, options: WorkerOptions) {
      const isMerged = new URL(url, self.location.href).href === self.location.href;
      super(url, isMerged ? { ...options, name: nameMergedThread(build) } : options);
      kept.add(this);
      missing += 1;
      const { signal } = watch;
      const onReady = (): void => {
        missing -= 1;
        events.onReady(missing);
      };
      this.addEventListener("message", onReady, { signal, once: true });
      // Before ORT's own listener, which would throw it into the page.
      const onError = (event: ErrorEvent): void => {
        event.preventDefault();
        event.stopImmediatePropagation();
        events.onError(event.message || "its script could not be loaded");
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
