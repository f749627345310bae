/** One call as the code that answers it sees it: its clock, its cancellation, and what it tells the page. */

import type { CallMessage, CallStage } from "../wire/worker-api.ts";

export interface CallScope {
  readonly signal: AbortSignal;
  readonly enqueuedAt: number;
  readonly send: (message: CallMessage) => void;
  /** Says which stage begins, lets messages in, and throws when the call was cancelled. */
  readonly enter: (stage: CallStage) => Promise<void>;
  /** Lets messages in and throws when the call was cancelled. */
  readonly checkpoint: () => Promise<void>;
}
