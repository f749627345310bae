/** Tells listeners that something changed, at most once a second. */

const PAUSE_MS = 1000;

export interface Listeners {
  readonly subscribe: (listener: () => void) => () => void;
  notify(): void;
  clear(): void;
}

export function createListeners(): Listeners {
  const listeners = new Set<() => void>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  const tellAll = (): void => {
    timer = undefined;
    for (const listener of [...listeners]) {
      try {
        listener();
      } catch (error) {
        reportError(error); // The listener's own bug: the others are told all the same.
      }
    }
  };

  return {
    subscribe(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    notify() {
      if (listeners.size > 0) timer ??= setTimeout(tellAll, PAUSE_MS);
    },
    clear() {
      listeners.clear();
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
