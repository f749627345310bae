/** What the page takes for a `Worker`, whose other side is plain methods in the same thread, over a real channel. */

import { expose } from "comlink";
import type { WorkerApi } from "../wire/worker-api.ts";
import type { WorkerLike } from "../wire/worker-like.ts";

export class ThreadFreeWorker extends EventTarget implements WorkerLike {
  readonly #port: MessagePort;
  readonly #onEnd: () => void;
  #isEnded = false;

  /** @param onEnd called once, when the page ends the worker or the worker dies */
  constructor(methods: WorkerApi, onEnd: () => void) {
    super();
    this.#onEnd = onEnd;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.addEventListener("message", ({ data }) => {
      if (!this.#isEnded)
        this.dispatchEvent(new MessageEvent("message", { data: data as unknown }));
    });
    port1.start();
    expose(methods, port2);
  }

  postMessage(message: unknown, transfer: Transferable[] = []): void {
    if (!this.#isEnded) this.#port.postMessage(message, transfer);
  }

  terminate(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#port.close();
    this.#onEnd();
  }

  /** Dies as a worker does that throws, or that the browser kills for its memory. */
  crash(message: string): void {
    if (this.#isEnded) return;
    this.dispatchEvent(Object.assign(new Event("error", { cancelable: true }), { message }));
  }
}
