/** A queue of events: one side pushes them, the other side loops over them. */

export interface EventQueue<T> extends AsyncIterable<T> {
  readonly push: (event: T) => void;
  readonly end: () => void;
  readonly fail: (error: unknown) => void;
}

export function createEventQueue<T>(): EventQueue<T> {
  const events: T[] = [];
  let outcome: { readonly error?: unknown } | undefined;
  let wake: (() => void) | undefined;
  const settle = (how: { readonly error?: unknown }): void => {
    outcome ??= how;
    wake?.();
  };
  return {
    push(event) {
      events.push(event);
      wake?.();
    },
    end: () => {
      settle({});
    },
    fail: (error) => {
      settle({ error });
    },
    async *[Symbol.asyncIterator]() {
      while (true) {
        const event = events.shift();
        if (event !== undefined) {
          yield event;
        } else if (outcome) {
          if ("error" in outcome) throw outcome.error;
          return;
        } else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    },
  };
}
