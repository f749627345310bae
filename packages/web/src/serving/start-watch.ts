/**
 * Deadlines for each phase of a worker's start. Each message of the worker starts the time of its phase again. So a slow
 * start goes on, and a start that is stuck is ended.
 */

import type { StartPhase } from "../protocol/errors.ts";

/**
 * How long each phase may go on without a message, in milliseconds. `script` loads 0.3 MB. In `wasm`, up to 26.9 MB
 * arrive, with a message at least every second in which some do. `compile` is what the browser had not compiled by then, which
 * took at most 3 s here. `threads` only receive compiled code, which takes each of them 20 to
 * 300 ms. `first-run` takes milliseconds. `model` takes seconds for each graph, and minutes when a phone converts the
 * encoder to int8.
 */
export const START_LIMITS_MS: Readonly<Record<StartPhase, number>> = {
  script: 120_000,
  wasm: 30_000,
  compile: 120_000,
  threads: 20_000,
  "first-run": 60_000,
  model: 600_000,
};

const TICK_MS = 1000;

/** The most that one tick counts. If the page was frozen or busy between ticks, that time was not spent waiting. */
const MAX_TICK_MS = 2000;

export class StartWatch {
  readonly #onExpired: (phase: StartPhase, url: string | undefined) => void;
  #phase: StartPhase | undefined;
  #url: string | undefined;
  #waitedMs = 0;
  #tickedAt = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  /** While the app has paused the downloads, no message is expected, and the clock stands still. */
  isPaused = false;

  /** @param onExpired called with the phase, and with the file that was waited for */
  constructor(onExpired: (phase: StartPhase, url: string | undefined) => void) {
    this.#onExpired = onExpired;
  }

  enter(phase: StartPhase, url?: string): void {
    this.#phase = phase;
    this.#url = url;
    this.sign();
    this.#tickedAt = performance.now();
    this.#timer ??= setInterval(() => {
      this.#tick();
    }, TICK_MS);
  }

  /** Called when a message of the worker arrives. */
  sign(): void {
    this.#waitedMs = 0;
  }

  end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#phase = undefined;
  }

  #tick(): void {
    const now = performance.now();
    const elapsed = Math.min(now - this.#tickedAt, MAX_TICK_MS);
    this.#tickedAt = now;
    const phase = this.#phase;
    if (this.isPaused || phase === undefined) return;
    this.#waitedMs += elapsed;
    if (this.#waitedMs < START_LIMITS_MS[phase]) return;
    this.end();
    this.#onExpired(phase, this.#url);
  }
}
