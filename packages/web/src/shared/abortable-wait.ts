/** Waits that a signal can end at once, and that remove their listeners when they end. */

/** Returns what `work` returns, or rejects with the signal's reason as soon as it aborts. `work` itself goes on. */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => {
      reject(signal.reason as Error);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    work.then(resolve, reject).finally(() => {
      signal.removeEventListener("abort", onAbort);
    });
    if (signal.aborted) onAbort();
  });
}

/**
 * Waits until the callback that `start` receives is called, and then calls the function that `start` returned.
 *
 * @param start adds a listener and returns a function that removes it; it must not call the callback at once
 * @throws the signal's reason when it aborts first
 */
export function waitFor(
  signal: AbortSignal,
  start: (resume: () => void) => () => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const end = (): void => {
      undo();
      signal.removeEventListener("abort", onAbort);
    };
    const onAbort = (): void => {
      end();
      reject(signal.reason as Error);
    };
    const undo = start(() => {
      end();
      resolve();
    });
    signal.addEventListener("abort", onAbort);
  });
}

/** @throws the signal's reason when it aborts first */
export function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return waitFor(signal, (resume) => {
    const timer = setTimeout(resume, milliseconds);
    return () => {
      clearTimeout(timer);
    };
  });
}
