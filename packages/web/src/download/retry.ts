/** Tries again after failures that may be temporary. The pauses grow, and have a random part. */

import pRetry from "p-retry";
import { Interruption } from "./interruption.ts";
import { isOffline } from "./request.ts";
import { untilAborted } from "../shared/abortable-wait.ts";

/** How often and how fast a download is tried again. */
export interface RetryPolicy {
  /** After this number of failures in a row, without a new shard between them, the download is given up. */
  readonly retries: number;
  /** The pause before the first retry, in milliseconds. It doubles each time, up to 30 s. */
  readonly retryDelayMs: number;
}

const MAX_DELAY_MS = 30_000;

/** How often to check whether the network is back, in milliseconds. */
const WATCH_MS = 500;

/** The longest wait that a server may ask for. The hub asks for 5 minutes at most. */
const MAX_RETRY_AFTER_MS = 300_000;

/**
 * @param attempt calls `onProgress` after each stored shard, which resets the retry counter
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
      // p-retry counts all failures. After a stored shard, counting starts again here.
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

/** Waits as long as the server asks, or a moment. Without a network, waits until it is back or the pause is over. */
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
