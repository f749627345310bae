/**
 * Runs a call on one node, and on a second one if the first has sent no text after a while. The first of both that sends text
 * answers; the other one is stopped, and nothing that it sent reaches the app.
 */

import type { GenerateEvent, VlmResult } from "../protocol/result.ts";
import { sleep } from "../shared/abortable-wait.ts";

/** Runs the call on a node, which ends when `signal` aborts. */
export type Attempt = (
  signal: AbortSignal,
  onEvent: (event: GenerateEvent) => void,
) => Promise<VlmResult>;

export interface HedgeOptions {
  readonly afterMs: number;
  readonly signal: AbortSignal;
  readonly onEvent: (event: GenerateEvent) => void;
  /** Starts a second attempt, or returns undefined if no other node is free. */
  readonly second: () => Attempt | undefined;
}

/** @throws what the attempt throws that had the last chance to answer; the signal's reason */
export async function runHedged(first: Attempt, options: HedgeOptions): Promise<VlmResult> {
  const { afterMs, signal, onEvent, second } = options;
  const runners: AbortController[] = [];
  let winner: AbortController | undefined;

  const claim = (runner: AbortController): boolean => {
    if (winner === undefined) {
      winner = runner;
      for (const other of runners) if (other !== runner) other.abort(lostRace());
    }
    return winner === runner;
  };

  const run = async (attempt: Attempt): Promise<VlmResult> => {
    const runner = new AbortController();
    runners.push(runner);
    const pending: GenerateEvent[] = [];
    const result = await attempt(AbortSignal.any([signal, runner.signal]), (event) => {
      pending.push(event);
      // What comes before text says nothing yet; it waits, so that only one attempt's events are seen.
      if (event.type !== "text-delta" || !claim(runner)) return;
      for (const one of pending.splice(0)) onEvent(one);
    });
    if (!claim(runner)) throw lostRace();
    for (const one of pending) onEvent(one);
    return result;
  };

  const timer = new AbortController();
  const one = run(first);
  const other = sleep(afterMs, AbortSignal.any([signal, timer.signal])).then(() => {
    const attempt = winner === undefined ? second() : undefined;
    return attempt && run(attempt);
  });
  // Until the second attempt has begun, the first one alone decides.
  other.catch(() => undefined);
  try {
    return await one;
  } catch (error) {
    timer.abort(lostRace());
    signal.throwIfAborted();
    if (winner === runners[0]) throw error;
    const result = await other.catch((later: unknown) => {
      throw winner === undefined ? error : later;
    });
    if (!result) throw error;
    return result;
  } finally {
    timer.abort(lostRace());
  }
}

function lostRace(): DOMException {
  return new DOMException("Another node answered first.", "AbortError");
}
