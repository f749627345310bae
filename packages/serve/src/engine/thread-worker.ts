/** A thread of Node with the face of a `Worker` of the web, as far as `createVlm` uses one. */

import { Worker as Thread, type Transferable as NodeTransferable } from "node:worker_threads";
import type { DiskPlace } from "../disk/open-disk-stores.ts";

/** In the sources the thread's script is TypeScript, and in the published package JavaScript. */
const SCRIPT = new URL(
  import.meta.url.endsWith(".ts") ? "./vlm-thread.ts" : "./vlm-thread.js",
  import.meta.url,
);

export class ThreadWorker extends EventTarget implements Worker {
  onmessage: Worker["onmessage"] = null;
  onmessageerror: Worker["onmessageerror"] = null;
  onerror: Worker["onerror"] = null;
  readonly #thread: Thread;
  #isEnded = false;

  /** @param place where the thread keeps models */
  constructor(place: DiskPlace) {
    super();
    this.#thread = new Thread(SCRIPT, { name: "vlm", workerData: place });
    this.#thread.on("message", (message: unknown) => {
      this.dispatchEvent(new MessageEvent("message", { data: message }));
    });
    this.#thread.on("messageerror", () => {
      this.dispatchEvent(new MessageEvent("messageerror"));
    });
    this.#thread.on("error", (error) => {
      this.#fail(error instanceof Error ? error.message : String(error));
    });
    // Browsers free the thread's lock then. Node tells its end.
    this.#thread.on("exit", (code) => {
      this.#fail(`its thread ended with code ${String(code)}`);
    });
  }

  postMessage(message: unknown, options?: StructuredSerializeOptions | Transferable[]): void {
    const transfer = Array.isArray(options) ? options : (options?.transfer ?? []);
    // What Node can transfer has the names of the web's types, and other declarations.
    this.#thread.postMessage(message, transfer as unknown as NodeTransferable[]);
  }

  terminate(): void {
    this.#isEnded = true;
    void this.#thread.terminate();
  }

  #fail(message: string): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.dispatchEvent(Object.assign(new Event("error", { cancelable: true }), { message }));
  }
}
