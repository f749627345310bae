/** Tries again after a failure that may pass: longer and longer pauses, none of them alike. */

import pRetry from "p-retry";
import { Interruption } from "./interruption.ts";
import { isOffline } from "./request.ts";
import { untilAborted } from "../shared/abortable-wait.ts";

/** How patient a download is. */
export interface RetryPolicy {
  /** Failures in a row, without a new shard between them, after which it is given up. */
  readonly retries: number;
  /** Before the first repeat, in milliseconds; doubles with each, up to 30 s. */
  readonly retryDelayMs: number;
}

const MAX_DELAY_MS = 30_000;

/** How often to look whether there is a network again. */
const WATCH_MS = 500;

/** A server that asks for more patience than this is not waited for: the hub asks for 5 minutes at most. */
const MAX_RETRY_AFTER_MS = 300_000;

/**
 * @param attempt tells through `onProgress` that it got further: then the next failure counts as the first
 * @throws {Interruption} of the last attempt; the signal's reason when it aborts
 */
export async function retry(
  attempt: (onProgress: () => void) => Promise<void>,
  policy: RetryPolicy,
  signal: AbortSignal,
  onRetry: () => void,
): Promise<void> {
  for (let { retries } = policy; ; retries = policy.retries - 1) {
    const state = { hasProgressed: false };
    const attemptAll = async (): Promise<void> => {
      await attempt(() => {
        state.hasProgressed = true;
      });
    };
    try {
      await pRetry(attemptAll, {
        retries,
        minTimeout: policy.retryDelayMs,
        maxTimeout: MAX_DELAY_MS,
        randomize: true,
        signal,
        shouldRetry: ({ error }) => isWorthRetrying(error) && !state.hasProgressed,
        async onFailedAttempt({ error, retriesLeft }) {
          if (!isWorthRetrying(error) || state.hasProgressed || retriesLeft === 0) return;
          onRetry();
          await pauseAfter(error, 0, signal);
        },
      });
      return;
    } catch (error) {
      if (!state.hasProgressed || !isWorthRetrying(error) || policy.retries === 0) throw error;
      // p-retry counts all failures; here this one counts as the first.
      onRetry();
      await pauseAfter(error, policy.retryDelayMs, signal);
    }
  }
}

function isWorthRetrying(error: unknown): error is Interruption {
  return (
    error instanceof Interruption &&
    error.kind === "transient" &&
    (error.retryAfterMs ?? 0) <= MAX_RETRY_AFTER_MS
  );
}

/** What the server asks for, or a moment; without a network, until there is one or the pause is over. */
async function pauseAfter(
  { retryAfterMs }: Interruption,
  atLeastMs: number,
  signal: AbortSignal,
): Promise<void> {
  const ms = Math.max(retryAfterMs ?? 0, atLeastMs, isOffline() ? MAX_DELAY_MS : 0);
  if (ms === 0) return;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let watch: ReturnType<typeof setInterval> | undefined;
  const online = new AbortController();
  const pause = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
    if (!isOffline()) return;
    const onOnline = (): void => {
      resolve();
    };
    globalThis.addEventListener("online", onOnline, { signal: online.signal });
    // Chromium fires no such event in workers.
    watch = setInterval(() => {
      if (!isOffline()) resolve();
    }, WATCH_MS);
  });
  try {
    await untilAborted(pause, signal);
  } finally {
    clearTimeout(timer);
    clearInterval(watch);
    online.abort();
  }
}
