/**
 * Lets the worker receive messages: a `cancel` waits in the event loop until then. A `setTimeout`
 * would cost 4 ms a token; a posted message costs a few microseconds.
 */
export function createMessageYield(): () => Promise<void> {
  const { port1, port2 } = new MessageChannel();
  const waiting: (() => void)[] = [];
  port1.onmessage = () => waiting.shift()?.();
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      port2.postMessage(null);
    });
}
