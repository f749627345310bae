/** The surroundings of one call for the code that answers it: its clock, its cancellation, and its messages to the page. */

import type { CallMessage, CallStage } from "../wire/worker-api.ts";

export interface CallScope {
  readonly signal: AbortSignal;
  readonly enqueuedAt: number;
  readonly send: (message: CallMessage) => void;
  /** Reports which stage begins, lets the worker receive messages, and throws if the call was cancelled. */
  readonly enter: (stage: CallStage) => Promise<void>;
  /** Lets the worker receive messages, and throws if the call was cancelled. */
  readonly checkpoint: () => Promise<void>;
}
