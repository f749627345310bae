/** Waiting that a signal ends at once, and that leaves nothing behind. */

/** `work`, or the signal's reason as soon as it aborts; `work` itself goes on. */
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
 * Waits until `start`'s callback is called, then undoes what `start` set up, however the wait ended.
 *
 * @param start sets up what calls back, never at once, and returns what undoes it
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
