/**
 * A circuit breaker: counts the faults of one thing, and says when it is to be left alone, and for how long. The first use
 * after that time is a trial, which decides whether it is used again.
 */

import { circuitBreaker, CircuitState, handleWhen, IterableBackoff } from "cockatiel";
import type { CircuitBreakerPolicy, IBreaker } from "cockatiel";
import type { CircuitStateName } from "../protocol/circuit.ts";

export interface CircuitOptions {
  /** Whether it is to blame for an error. */
  readonly isFault: (error: unknown) => boolean;
  /** How many faults open the circuit. */
  readonly faultsUntilOpen: number;
  /** How much has to succeed in a row before earlier faults are forgotten. */
  readonly successesUntilForgotten: number;
  /** How long the circuit stays open, the first time and after each trial that failed, in milliseconds. */
  readonly openMs: readonly number[];
  /** Is told of every change of its state. */
  readonly onChange: (state: CircuitStateName) => void;
}

export class Circuit {
  readonly #policy: CircuitBreakerPolicy;
  readonly #faults: FaultCounter;
  readonly #openMs: readonly number[];
  /** How often it opened since it was last closed. */
  #openings = 0;
  #retryAt: number | undefined;
  #counted: Promise<unknown> = Promise.resolve();

  constructor(options: CircuitOptions) {
    const { faultsUntilOpen, successesUntilForgotten, openMs } = options;
    this.#openMs = openMs;
    this.#faults = new FaultCounter(faultsUntilOpen, successesUntilForgotten);
    this.#policy = circuitBreaker(handleWhen(options.isFault), {
      halfOpenAfter: new IterableBackoff(openMs),
      breaker: this.#faults,
    });
    this.#policy.onStateChange((state) => {
      this.#noteState(state);
      options.onChange(STATE_NAMES[state]);
    });
  }

  get state(): CircuitStateName {
    return STATE_NAMES[this.#policy.state];
  }

  /** Faults that were not forgotten. */
  get faults(): number {
    return this.#faults.count;
  }

  /** The last fault; undefined if there was none, or all are forgotten. */
  get lastFault(): unknown {
    const failure = this.#policy.lastFailure;
    return this.faults > 0 && failure && "error" in failure ? failure.error : undefined;
  }

  /** When a trial may come; undefined if the circuit is not open. */
  get retryAt(): number | undefined {
    return this.#retryAt;
  }

  /** Runs `work`, and counts how it ends. Ends a trial, if this is one. */
  run<T>(work: () => Promise<T>): Promise<T> {
    return this.#policy.execute(work);
  }

  /** Counts a success. In an open circuit nothing is counted. */
  noteSuccess(): void {
    this.#count(() => undefined);
  }

  /** Counts an error, if it is a fault. In an open circuit nothing is counted. */
  noteError(error: unknown): void {
    this.#count(() => {
      throw error;
    });
  }

  /** Waits until everything that was noted is counted. The library counts a moment after it is told. */
  async settled(): Promise<void> {
    await this.#counted;
  }

  #count(outcome: () => undefined): void {
    const counted = this.#policy.execute(outcome).catch(() => undefined);
    this.#counted = Promise.all([this.#counted, counted]);
  }

  /** The library does not tell how long a circuit stays open, so that this is followed here. */
  #noteState(state: CircuitState): void {
    this.#retryAt = undefined;
    if (state === CircuitState.Closed) this.#openings = 0;
    if (state !== CircuitState.Open) return;
    this.#retryAt = Date.now() + (this.#openMs[this.#openings] ?? this.#openMs.at(-1)!);
    this.#openings += 1;
  }
}

/**
 * Says when faults are too many. One success does not forgive a fault: a GPU that is lost at every second call is not
 * worth the reloads.
 */
class FaultCounter implements IBreaker {
  count = 0;
  #successes = 0;
  readonly #limit: number;
  readonly #successesUntilForgotten: number;

  constructor(limit: number, successesUntilForgotten: number) {
    this.#limit = limit;
    this.#successesUntilForgotten = successesUntilForgotten;
  }

  /** The library can store this; the kit does not. */
  get state(): unknown {
    return this.count;
  }

  success(state: CircuitState): void {
    this.#successes += 1;
    const isForgotten = this.#successes >= this.#successesUntilForgotten;
    if (state === CircuitState.HalfOpen || isForgotten) this.count = 0;
  }

  failure(): boolean {
    this.count += 1;
    this.#successes = 0;
    return this.count >= this.#limit;
  }
}

const STATE_NAMES: Readonly<Record<CircuitState, CircuitStateName>> = {
  [CircuitState.Closed]: "closed",
  [CircuitState.Open]: "open",
  [CircuitState.HalfOpen]: "half-open",
  [CircuitState.Isolated]: "open", // The kit never isolates a circuit.
};
