/** Tries again after a failure that may pass: longer and longer pauses, none of them alike. */

import pRetry from "p-retry";
import { Interruption } from "./interruption.ts";
import { isOffline } from "./request.ts";
import { untilAborted } from "./until-aborted.ts";

/** How patient a download is. */
export interface RetryPolicy {
  /** Failures in a row, without a new shard between them, after which it is given up. */
  readonly retries: number;
  /** Before the first repeat, in milliseconds; doubles with each, up to 30 s. */
  readonly retryDelayMs: number;
}

const MAX_DELAY_MS = 30_000;

/** A server that asks for more patience than this is not waited for. */
const MAX_RETRY_AFTER_MS = 120_000;

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
  let hasProgressed = false;
  await pRetry(
    async () => {
      hasProgressed = false;
      await attempt(() => {
        hasProgressed = true;
      });
    },
    {
      retries: policy.retries,
      minTimeout: policy.retryDelayMs,
      maxTimeout: MAX_DELAY_MS,
      randomize: true,
      signal,
      shouldRetry: ({ error }) => isWorthRetrying(error),
      shouldConsumeRetry: () => !hasProgressed,
      async onFailedAttempt({ error, retriesLeft }) {
        if (!isWorthRetrying(error) || (retriesLeft === 0 && !hasProgressed)) return;
        onRetry();
        await pauseAfter(error, hasProgressed ? policy.retryDelayMs : 0, signal);
      },
    },
  );
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
  const online = new AbortController();
  const pause = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
    if (!isOffline()) return;
    globalThis.addEventListener(
      "online",
      () => {
        resolve();
      },
      { signal: online.signal },
    );
  });
  try {
    await untilAborted(pause, signal);
  } finally {
    clearTimeout(timer);
    online.abort();
  }
}
