/**
 * Watches, from the page, how long a worker decodes an image. WebKit decodes on the worker's own thread: the worker's timers
 * stand still, it hears of no cancellation, and only its end makes room for the next image. Firefox decodes on the thread of the
 * page, which stands still itself.
 */

import { slowToDecode } from "../image/image-errors.ts";
import type { VlmError } from "../protocol/errors.ts";

/** A worker that can end its wait itself does so at the limit, and its message has this long to arrive. */
const GRACE_MS = 2000;

/** A page that stood still gets its timers before the messages that came meanwhile. They have this long to be read. */
const LAST_MESSAGES_MS = 100;

export class DecodeWatch {
  readonly #onExpired: (error: VlmError<"image-too-large">) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(onExpired: (error: VlmError<"image-too-large">) => void) {
    this.#onExpired = onExpired;
  }

  /** @param limitMs infinite, it waits for ever */
  begin(limitMs: number): void {
    this.end();
    if (!Number.isFinite(limitMs)) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = setTimeout(() => {
          this.#onExpired(slowToDecode(limitMs));
        }, LAST_MESSAGES_MS);
      },
      limitMs + GRACE_MS - LAST_MESSAGES_MS,
    );
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
