/** Creates the scope of a call from the port to the page and the signal that cancels the call. */

import type { CallScope } from "../inference/call-scope.ts";
import type { CallMessage } from "../wire/worker-api.ts";

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
