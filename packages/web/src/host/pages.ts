/** The pages that one worker serves: the one that started it and, with `share: "tabs"`, those of other tabs. */

import type { Metric } from "../protocol/metric.ts";
import type { WorkerMessage } from "../wire/worker-api.ts";

/** One page, from its handshake until it leaves. */
export class ServedPage {
  /** The calls of this page that have not ended, by their ids. Two pages may use the same ids. */
  readonly calls = new Map<number, AbortController>();
  /** Whether this page has paused the downloads. */
  isPaused = false;
  /** Where the page hears what happens; it comes with the handshake. */
  port: MessagePort | undefined;

  tell(message: WorkerMessage): void {
    this.port?.postMessage(message);
  }
}

export class Pages {
  readonly #all = new Set<ServedPage>();
  /** The page whose call runs. */
  #asking: ServedPage | undefined;
  /** The page that asked for the load first. It gets the metrics of the load, so that they are counted once. */
  #loading: ServedPage | undefined;
  #start: Extract<WorkerMessage, { type: "start" }> | undefined;

  add(): ServedPage {
    const page = new ServedPage();
    this.#all.add(page);
    return page;
  }

  /** Ends the calls of a page that is gone. */
  remove(page: ServedPage): void {
    this.#all.delete(page);
    page.isPaused = false;
    for (const call of page.calls.values()) call.abort();
  }

  /** Whether one of the pages has paused the downloads. */
  get isPaused(): boolean {
    return [...this.#all].some(({ isPaused }) => isPaused);
  }

  /** A metric goes to the page whose call or load it measures. */
  report(metric: Metric): void {
    (this.#asking ?? this.#loading)?.tell({ type: "metric", metric });
  }

  /** During a call a message goes to the page that asked, and at other times to all pages. */
  tell(message: WorkerMessage): void {
    if (message.type === "start") this.#start = message;
    if (this.#asking) this.#asking.tell(message);
    else this.tellAll(message);
  }

  tellAll(message: WorkerMessage): void {
    for (const page of this.#all) page.tell(message);
  }

  /** Runs a part of a call. No two run at once. */
  async asking<T>(page: ServedPage, work: () => Promise<T>): Promise<T> {
    this.#asking = page;
    try {
      return await work();
    } finally {
      this.#asking = undefined;
    }
  }

  /** From now on the metrics of no call belong to this page. */
  beginLoad(page: ServedPage): void {
    this.#loading = page;
    this.#start = undefined;
  }

  /** Tells a page that waits for a load which another page began how far it is. */
  joinLoad(page: ServedPage): void {
    if (this.#start) page.tell(this.#start);
  }
}
