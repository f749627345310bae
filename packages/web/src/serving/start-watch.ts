/**
 * Deadlines for what a worker does before it serves, phase by phase. Each message of the worker is a
 * sign of life and starts its phase's time again: a start that is slow goes on, one that is stuck ends.
 */

import type { StartPhase } from "../protocol/errors.ts";

/**
 * How long each phase may go without a sign. Scripts: 0.3 MB. WASM: up to 26.9 MB in ten minutes are
 * 0.4 Mbit/s, compiling included. Threads: they only take over what is compiled already, in 20 to 300 ms
 * each. The first run: milliseconds. The model: seconds for each graph, and minutes where a phone writes
 * the encoder again.
 */
export const START_LIMITS_MS: Readonly<Record<StartPhase, number>> = {
  script: 120_000,
  wasm: 600_000,
  threads: 20_000,
  "first-run": 60_000,
  model: 600_000,
};

const TICK_MS = 1000;

/** What a tick counts at most: a page that was frozen or busy meanwhile has not waited for its worker. */
const MAX_TICK_MS = 2000;

export class StartWatch {
  readonly #onExpired: (phase: StartPhase) => void;
  #phase: StartPhase | undefined;
  #waitedMs = 0;
  #tickedAt = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  /** Nothing is expected of a worker whose downloads the app has paused. */
  isPaused = false;

  constructor(onExpired: (phase: StartPhase) => void) {
    this.#onExpired = onExpired;
  }

  enter(phase: StartPhase): void {
    this.#phase = phase;
    this.sign();
    this.#tickedAt = performance.now();
    this.#timer ??= setInterval(() => {
      this.#tick();
    }, TICK_MS);
  }

  /** The worker said something. */
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
    this.#onExpired(phase);
  }
}
