/**
 * The calls of one model that wait for their turn, in the page, where a waiting call costs next to nothing. A call goes on
 * when it can claim what it runs on. Interactive calls go before background calls, and a call whose images are not there
 * yet holds up no other.
 */

import { VlmError } from "../protocol/errors.ts";
import type { CallPriority } from "../protocol/options.ts";
import { untilAborted } from "../shared/abortable-wait.ts";
import type { RateLimiter } from "./rate-limiter.ts";

/** So many interactive calls may go before a waiting background call. Then it is its turn, so that it does not wait for ever. */
export const MAX_OVERTAKEN = 8;

/** So many waiting calls of each priority may fetch or decode their images early. Others begin when these have gone on. */
export const MAX_EARLY = 8;

/** What a call may take before one was measured, in milliseconds. */
const UNMEASURED_MS = 1000;

/** The shortest wait that is worth telling, in milliseconds. */
const MIN_RETRY_MS = 50;

/** How much a new measurement counts against all earlier ones. */
const NEWEST_SHARE = 0.25;

export interface CallQueueOptions {
  /** How many calls may wait; `Infinity` for as many as come. */
  readonly maxQueue: number;
  readonly limiter: RateLimiter | undefined;
  /** Told of the number of waiting calls whenever it changes. */
  readonly onDepth: (waiting: number) => void;
  readonly onRefused: (reason: "max-queue" | "rate-limit") => void;
  /** How many more calls could run now. */
  readonly free: () => number;
}

/** What a call runs on, while it does. */
export interface Claim {
  /** Called when the call has left, before the next one is let go. */
  release(): void;
}

/** A call whose turn has come. */
interface Turn<C extends Claim> {
  readonly claim: C;
  /** How long the wait was, in milliseconds. */
  readonly queuedMs: number;
}

/** The place of one call, from when it is made until the worker is done with it. */
export interface Place {
  /** How many calls would go first, if the images of this one were there now. */
  readonly position: number;
  /** Waits until the images may be fetched or decoded. */
  mayTake(signal: AbortSignal | undefined): Promise<void>;
  /**
   * Waits for the turn; the images are there.
   *
   * @param claim takes what the call runs on, and returns undefined while that is not to be had
   */
  turn<C extends Claim>(
    signal: AbortSignal | undefined,
    claim: () => C | undefined,
  ): Promise<Turn<C>>;
  /**
   * Gives back what the call runs on, and goes to the front of the calls that wait. {@link turn} has to be called once more,
   * at once.
   */
  again(): void;
  /** Gives the place up, so that the next call can go. */
  leave(): void;
}

export class CallQueue {
  readonly #options: CallQueueOptions;
  /** In the order in which the calls were made. Those that run are not among them. */
  readonly #waiting: Waiting[] = [];
  /** Those of them whose images are there, in the order in which they arrived. */
  readonly #ready: Waiting[] = [];
  readonly #running = new Set<Waiting>();
  #overtaken = 0;
  #callMs: number | undefined;
  #closed: Error | undefined;

  constructor(options: CallQueueOptions) {
    this.#options = options;
  }

  /** The number of calls that wait. */
  get depth(): number {
    return this.#waiting.length;
  }

  /** The number of calls that run. */
  get running(): number {
    return this.#running.size;
  }

  /** How long a call runs, smoothed, in milliseconds; undefined before one was measured. */
  get callMs(): number | undefined {
    return this.#callMs;
  }

  get isIdle(): boolean {
    return this.#running.size === 0 && this.#waiting.length === 0;
  }

  /** How long the call that waits longest has waited, in milliseconds. */
  get longestWaitMs(): number {
    const [oldest] = this.#waiting;
    return oldest ? performance.now() - oldest.enteredAt : 0;
  }

  /** @throws {VlmError} `queue-full` */
  enter(priority: CallPriority): Place {
    if (this.#closed) throw this.#closed;
    const { maxQueue, limiter, free } = this.#options;
    // A call that can run at once need not wait, so that it takes none of the places.
    if (this.#waiting.length >= maxQueue + free()) {
      throw this.#full("max-queue", maxQueue, this.#freeInMs());
    }
    const waitMs = limiter?.take() ?? 0;
    if (limiter && waitMs > 0) throw this.#full("rate-limit", limiter.calls, waitMs);
    let waiting = new Waiting(priority);
    this.#waiting.push(waiting);
    this.#options.onDepth(this.depth);
    const positionOf = (): number => this.#positionOf(waiting);
    return {
      get position() {
        return positionOf();
      },
      mayTake: (signal) => {
        waiting.wantsToTake = true;
        this.advance();
        return untilAborted(waiting.taking, signal);
      },
      turn: async <C extends Claim>(
        signal: AbortSignal | undefined,
        claim: () => C | undefined,
      ): Promise<Turn<C>> => {
        const readyAt = performance.now();
        let claimed: C | undefined;
        waiting.tryToClaim = () => {
          claimed = claim();
          waiting.claim = claimed;
          return claimed !== undefined;
        };
        if (waiting.isRepeated) this.#ready.unshift(waiting);
        else this.#ready.push(waiting);
        this.advance();
        await untilAborted(waiting.turn, signal);
        if (!claimed) throw new Error("A call was let go without a claim");
        return { claim: claimed, queuedMs: performance.now() - readyAt };
      },
      again: () => {
        const before = waiting;
        waiting = new Waiting(priority, before.enteredAt);
        waiting.isRepeated = true;
        if (this.#closed) waiting.reject(this.#closed);
        this.#waiting.unshift(waiting);
        this.#options.onDepth(this.depth);
        this.#running.delete(before);
        before.claim?.release(); // No other call goes on before the next call of `turn`.
      },
      leave: () => {
        this.#leave(waiting);
      },
    };
  }

  /** Lets no call in any more. Those that wait reject with `error`. */
  close(error: Error): void {
    this.#closed ??= error;
    for (const waiting of this.#waiting) waiting.reject(error);
  }

  #leave(waiting: Waiting): void {
    if (this.#running.delete(waiting)) {
      waiting.claim?.release();
      this.#measure(performance.now() - waiting.startedAt);
    } else this.#remove(waiting);
    this.advance();
  }

  #remove(waiting: Waiting): void {
    remove(this.#ready, waiting);
    if (remove(this.#waiting, waiting)) this.#options.onDepth(this.depth);
  }

  /** Lets the next calls run, and lets others take their images, as far as that is possible now. */
  advance(): void {
    let next = this.#choose();
    while (next) {
      this.#remove(next);
      this.#running.add(next);
      next.startedAt = performance.now();
      next.letGo();
      next = this.#choose();
    }
    for (const priority of ["interactive", "background"] as const) {
      const takers = this.#waiting.filter((one) => one.wantsToTake && one.priority === priority);
      for (const taker of takers.slice(0, MAX_EARLY)) taker.letTake();
    }
  }

  /** @returns the next call that could claim what it runs on */
  #choose(): Waiting | undefined {
    const background = this.#ready.filter(({ priority }) => priority === "background");
    const interactive = this.#ready.filter(({ priority }) => priority === "interactive");
    const isDue = this.#overtaken >= MAX_OVERTAKEN;
    const order = isDue ? [...background, ...interactive] : [...interactive, ...background];
    const next = order.find((one) => one.tryToClaim());
    if (!next) return undefined;
    const overtakes = background.length > 0 && next.priority === "interactive";
    this.#overtaken = overtakes ? this.#overtaken + 1 : 0;
    return next;
  }

  #positionOf({ priority }: Waiting): number {
    const before = this.#ready.filter(
      (one) => one.priority === "interactive" || priority === "background",
    );
    return before.length + (this.#options.free() > 0 ? 0 : this.#running.size);
  }

  #measure(milliseconds: number): void {
    const before = this.#callMs ?? milliseconds;
    this.#callMs = before + (milliseconds - before) * NEWEST_SHARE;
  }

  /** When the first of the calls that run will probably have ended, so that there is a place again. */
  #freeInMs(): number {
    const callMs = this.#callMs ?? UNMEASURED_MS;
    // The one that has run longest is the first in the set.
    const [first] = this.#running;
    const ranMs = first ? performance.now() - first.startedAt : 0;
    // A call that already takes longer than most will not end at once.
    return Math.max(callMs - ranMs, callMs / 4);
  }

  #full(reason: "max-queue" | "rate-limit", limit: number, waitMs: number): VlmError<"queue-full"> {
    const retryAfterMs = Math.ceil(Math.max(MIN_RETRY_MS, waitMs));
    this.#options.onRefused(reason);
    const what =
      reason === "max-queue"
        ? `${String(limit)} calls wait already, which is the limit in \`maxQueue\`.`
        : `${String(limit)} calls were made within the time of \`rateLimit\`.`;
    return new VlmError(
      "queue-full",
      `${what} Make the call again in ${String(retryAfterMs)} ms.`,
      { reason, limit, waiting: this.depth, retryAfterMs },
    );
  }
}

/** A call that is not done yet. */
class Waiting {
  readonly priority: CallPriority;
  readonly enteredAt: number;
  /** Resolves when the images may be taken. */
  readonly taking: Promise<void>;
  /** Resolves when it is this call's turn. */
  readonly turn: Promise<void>;
  wantsToTake = false;
  /** Whether it has run before, and goes first now. */
  isRepeated = false;
  startedAt = 0;
  /** What it runs on, from when it is let go. */
  claim: Claim | undefined;
  /** @returns whether it can go now */
  tryToClaim: () => boolean = () => false;
  letTake!: () => void;
  letGo!: () => void;
  reject!: (error: Error) => void;

  constructor(priority: CallPriority, enteredAt = performance.now()) {
    this.priority = priority;
    this.enteredAt = enteredAt;
    const closed = new Promise<never>((_, reject) => {
      this.reject = reject;
    });
    const take = new Promise<void>((resolve) => {
      this.letTake = resolve;
    });
    const go = new Promise<void>((resolve) => {
      this.letGo = resolve;
    });
    this.taking = Promise.race([take, closed]);
    this.turn = Promise.race([go, closed]);
    // A call that was given up waits for neither, and nobody would handle these.
    this.taking.catch(() => undefined);
    this.turn.catch(() => undefined);
  }
}

function remove<T>(list: T[], item: T): boolean {
  const index = list.indexOf(item);
  if (index < 0) return false;
  list.splice(index, 1);
  return true;
}
