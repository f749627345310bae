/** Runs something when no call was made for a while. */
export class IdleTimer {
  #afterMs: number | undefined;
  readonly #onIdle: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param afterMs undefined for never */
  constructor(afterMs: number | undefined, onIdle: () => void) {
    this.#afterMs = afterMs;
    this.#onIdle = onIdle;
  }

  /** The last call has ended. */
  start(): void {
    this.stop();
    if (this.#afterMs === undefined) return;
    this.#timer = setTimeout(this.#onIdle, this.#afterMs);
  }

  /** A call was made. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** There will be no calls any more. */
  end(): void {
    this.stop();
    this.#afterMs = undefined;
  }
}
