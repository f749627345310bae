/** What the page uses of a `Worker`. The worker may be another tab's. */

export interface WorkerLike {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject): void;
  removeEventListener(type: string, listener: EventListenerOrEventListenerObject): void;
  /** @param why the error that the calls of this page get; a `Worker` takes no notice of it */
  terminate(why?: Error): void;
  /** Whether pages of other tabs use this worker too. */
  readonly isUsedElsewhere?: boolean;
  /** How the worker was started, if another object than this one is the `Worker`. */
  readonly started?:
    { readonly address: string | undefined; readonly refusal?: unknown } | undefined;
}
