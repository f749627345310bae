/** Holds messages that arrive while the code that answers them is still loading. */

/** The part of a worker's globals that this file uses. */
export interface MessageScope {
  addEventListener(type: "message", listener: (event: MessageEvent) => void): void;
  removeEventListener(type: "message", listener: (event: MessageEvent) => void): void;
  dispatchEvent(event: Event): boolean;
}

/**
 * Holds every message from now on.
 *
 * @returns a function that stops holding, and delivers the held messages in order to the listeners of that moment
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
