/** Pauses and resumes a download. A pause aborts running requests, and keeps new ones waiting. */

export class PauseGate {
  #controller = new AbortController();
  #resume: (() => void) | undefined;
  #resumed = Promise.resolve();

  get isPaused(): boolean {
    return this.#resume !== undefined;
  }

  /** Aborts at the next pause. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  pause(): void {
    if (this.isPaused) return;
    this.#resumed = new Promise((resolve) => {
      this.#resume = resolve;
    });
    this.#controller.abort(new DOMException("The download is paused.", "AbortError"));
  }

  resume(): void {
    if (!this.#resume) return;
    this.#controller = new AbortController();
    this.#resume();
    this.#resume = undefined;
  }

  /** Resolves as soon as the gate is open. */
  whenOpen(): Promise<void> {
    return this.#resumed;
  }
}
