/** Creates the scope of a call from the port to the page, the signal that cancels the call, and its wait in the page. */

import type { CallScope } from "../inference/call-scope.ts";
import type { CallMessage, CallStage } from "../wire/worker-api.ts";

/** A scope that its host can ask how far the call is. */
export interface HostedCallScope extends CallScope {
  readonly stage: CallStage;
}

export function createCallScope(
  port: MessagePort,
  signal: AbortSignal,
  yieldToMessages: () => Promise<void>,
  queuedMs: number,
): HostedCallScope {
  let stage: CallStage = "queue";
  const send = (message: CallMessage): void => {
    if (message.type === "stage") ({ stage } = message);
    port.postMessage(message);
  };
  const checkpoint = async (): Promise<void> => {
    await yieldToMessages();
    signal.throwIfAborted();
  };
  return {
    get stage() {
      return stage;
    },
    signal,
    enqueuedAt: performance.now() - queuedMs,
    send,
    checkpoint,
    async enter(stage) {
      send({ type: "stage", stage });
      await checkpoint();
    },
  };
}
