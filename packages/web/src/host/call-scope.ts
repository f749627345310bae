/** One call as the worker sees it: its clock, its cancellation, and what it tells the page. */

import type { CallMessage, CallStage } from "../wire/api.ts";

export interface CallScope {
  readonly signal: AbortSignal;
  readonly enqueuedAt: number;
  readonly send: (message: CallMessage) => void;
  /** Says which stage begins, lets messages in, and throws when the call was cancelled. */
  readonly enter: (stage: CallStage) => Promise<void>;
  /** Lets messages in and throws when the call was cancelled. */
  readonly checkpoint: () => Promise<void>;
}

export function createCallScope(
  port: MessagePort,
  signal: AbortSignal,
  yieldToMessages: () => Promise<void>,
): CallScope {
  const send = (message: CallMessage): void => {
    port.postMessage(message);
  };
  const checkpoint = async (): Promise<void> => {
    await yieldToMessages();
    signal.throwIfAborted();
  };
  return {
    signal,
    enqueuedAt: performance.now(),
    send,
    checkpoint,
    async enter(stage) {
      send({ type: "stage", stage });
      await checkpoint();
    },
  };
}
