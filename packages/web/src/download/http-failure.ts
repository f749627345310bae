/** Decides what an answer with an HTTP error means: whether and when to try again, and what to advise. */

import { downloadFailed, Interruption, type FailureFacts, type Wanted } from "./interruption.ts";
import { readWait } from "../shared/rate-limit.ts";

/** Statuses for timeout, too early, and too many requests. */
const TRANSIENT_STATUS = new Set([408, 425, 429]);

/** The Hugging Face Hub counts requests in windows of 5 minutes. */
const WINDOW_SECONDS = 300;

export function httpFailure(file: Wanted, { status, headers }: Response): Interruption {
  const retryAfterMs = readWait(headers);
  const failure = downloadFailed(file, "http-status", `was answered with HTTP ${String(status)}`, {
    status,
    ...adviseOn(status, retryAfterMs),
  });
  const isTransient = status >= 500 || TRANSIENT_STATUS.has(status);
  return new Interruption(isTransient ? "transient" : "permanent", failure, {
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}

function adviseOn(status: number, retryAfterMs: number | undefined): FailureFacts {
  if (status === 401 || status === 403) {
    return {
      advice:
        "The kit sends no token: check the model's address, or serve the files where this page may read them (`baseUrl`).",
    };
  }
  if (retryAfterMs !== undefined) {
    const retryAfterSeconds = Math.ceil(retryAfterMs / 1000);
    return {
      retryAfterSeconds,
      advice: `The server asks to be left alone: try again in ${String(retryAfterSeconds)} seconds, and it goes on from what arrived.`,
    };
  }
  if (status !== 429) return {};
  return {
    retryAfterSeconds: WINDOW_SECONDS,
    advice:
      "The server limits requests, and this page may not see for how long: try again in 5 minutes, and it goes on from what arrived.",
  };
}
