/** Messages that arrive while the code that answers them is still loading. */

/** What a worker's globals are, as far as messages go. */
export interface MessageScope {
  addEventListener(type: "message", listener: (event: MessageEvent) => void): void;
  removeEventListener(type: "message", listener: (event: MessageEvent) => void): void;
  dispatchEvent(event: Event): boolean;
}

/**
 * Keeps every message from now on.
 *
 * @returns ends that, and lets those who listen by then have the messages, in order
 */
export function holdMessages(scope: MessageScope): () => void {
  const held: MessageEvent[] = [];
  const hold = (event: MessageEvent): void => {
    event.stopImmediatePropagation();
    held.push(event);
  };
  scope.addEventListener("message", hold);
  return () => {
    scope.removeEventListener("message", hold);
    for (const { data, ports } of held as MessageEvent<unknown>[]) {
      scope.dispatchEvent(new MessageEvent("message", { data, ports: [...ports] }));
    }
  };
}
