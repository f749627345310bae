/**
 * The calls of one model that wait for their turn, in the page, where a waiting call costs next to nothing. One call at a
 * time goes to the worker. Interactive calls go before background calls, and a call whose images are not there yet holds
 * up no other.
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
   * @returns how long the wait was, in milliseconds
   */
  turn(signal: AbortSignal | undefined): Promise<number>;
  /** Gives the place up, so that the next call can go. */
  leave(): void;
}

export class CallQueue {
  readonly #options: CallQueueOptions;
  /** In the order in which the calls were made. The one that runs is not among them. */
  readonly #waiting: Waiting[] = [];
  /** Those of them whose images are there, in the order in which they arrived. */
  readonly #ready: Waiting[] = [];
  #running: Waiting | undefined;
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

  get isIdle(): boolean {
    return !this.#running && this.#waiting.length === 0;
  }

  /** How long the call that waits longest has waited, in milliseconds. */
  get longestWaitMs(): number {
    const [oldest] = this.#waiting;
    return oldest ? performance.now() - oldest.enteredAt : 0;
  }

  /** @throws {VlmError} `queue-full` */
  enter(priority: CallPriority): Place {
    if (this.#closed) throw this.#closed;
    const { maxQueue, limiter } = this.#options;
    // A call that finds the queue empty need not wait, so that it takes none of the places.
    if (!this.isIdle && this.#waiting.length >= maxQueue + (this.#running ? 0 : 1)) {
      throw this.#full("max-queue", maxQueue, this.#freeInMs());
    }
    const waitMs = limiter?.take() ?? 0;
    if (limiter && waitMs > 0) throw this.#full("rate-limit", limiter.calls, waitMs);
    const waiting = new Waiting(priority);
    this.#waiting.push(waiting);
    this.#options.onDepth(this.depth);
    const positionOf = (): number => this.#positionOf(waiting);
    return {
      get position() {
        return positionOf();
      },
      mayTake: (signal) => {
        waiting.wantsToTake = true;
        this.#advance();
        return untilAborted(waiting.taking, signal);
      },
      turn: async (signal) => {
        const readyAt = performance.now();
        this.#ready.push(waiting);
        this.#advance();
        await untilAborted(waiting.turn, signal);
        return performance.now() - readyAt;
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
    if (this.#running === waiting) {
      this.#running = undefined;
      this.#measure(performance.now() - waiting.startedAt);
    } else this.#remove(waiting);
    this.#advance();
  }

  #remove(waiting: Waiting): void {
    remove(this.#ready, waiting);
    if (remove(this.#waiting, waiting)) this.#options.onDepth(this.depth);
  }

  /** Lets the next call run, and lets others take their images, as far as that is possible now. */
  #advance(): void {
    const next = this.#running ? undefined : this.#choose();
    if (next) {
      this.#remove(next);
      this.#running = next;
      next.startedAt = performance.now();
      next.letGo();
    }
    for (const priority of ["interactive", "background"] as const) {
      const takers = this.#waiting.filter((one) => one.wantsToTake && one.priority === priority);
      for (const taker of takers.slice(0, MAX_EARLY)) taker.letTake();
    }
  }

  #choose(): Waiting | undefined {
    const background = this.#ready.find(({ priority }) => priority === "background");
    const interactive = this.#ready.find(({ priority }) => priority === "interactive");
    const isDue = background && this.#overtaken >= MAX_OVERTAKEN;
    const next = isDue ? background : (interactive ?? background);
    this.#overtaken = background && next === interactive ? this.#overtaken + 1 : 0;
    return next;
  }

  #positionOf({ priority }: Waiting): number {
    const before = this.#ready.filter(
      (one) => one.priority === "interactive" || priority === "background",
    );
    return before.length + (this.#running ? 1 : 0);
  }

  #measure(milliseconds: number): void {
    const before = this.#callMs ?? milliseconds;
    this.#callMs = before + (milliseconds - before) * NEWEST_SHARE;
  }

  /** When the call that runs will probably have ended, so that there is a place again. */
  #freeInMs(): number {
    const callMs = this.#callMs ?? UNMEASURED_MS;
    const ranMs = this.#running ? performance.now() - this.#running.startedAt : 0;
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
  readonly enteredAt = performance.now();
  /** Resolves when the images may be taken. */
  readonly taking: Promise<void>;
  /** Resolves when it is this call's turn. */
  readonly turn: Promise<void>;
  wantsToTake = false;
  startedAt = 0;
  letTake!: () => void;
  letGo!: () => void;
  reject!: (error: Error) => void;

  constructor(priority: CallPriority) {
    this.priority = priority;
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
