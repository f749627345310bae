/** Measures the stages of a call that a node answers, as far as the page sees them. */

import { noTimeYet } from "../protocol/stages.ts";
import type { Timings } from "../protocol/result.ts";

export interface CallClock {
  /** The images are ready, and a request begins. */
  noteSent(): void;
  /** Text has come. */
  noteText(): void;
  /** From the last request to the first text; undefined before there is text. */
  readonly firstTextMs: number | undefined;
  /**
   * `prefillMs` has all that passes between the request and the first text: the network, the server's queue, its encoder.
   */
  read(): Timings;
}

/** @param queuedMs how long the call has waited already */
export function createCallClock(queuedMs: number): CallClock {
  const startedAt = performance.now();
  let sentAt = startedAt;
  let firstTextAt: number | undefined;
  return {
    noteSent() {
      sentAt = performance.now();
    },
    noteText() {
      firstTextAt ??= performance.now();
    },
    get firstTextMs() {
      return firstTextAt === undefined ? undefined : firstTextAt - sentAt;
    },
    read() {
      const endedAt = performance.now();
      const textAt = firstTextAt ?? endedAt;
      return {
        ...noTimeYet(),
        queueMs: queuedMs,
        imageDecodeMs: sentAt - startedAt,
        prefillMs: textAt - sentAt,
        decodeMs: endedAt - textAt,
        timeToFirstTokenMs: textAt - startedAt,
        totalMs: queuedMs + endedAt - startedAt,
      };
    },
  };
}
