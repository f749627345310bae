/** Runs work in one page or worker at a time, for work that takes milliseconds. */

export interface ExclusiveOptions {
  /** How long to wait for another one, in milliseconds. A tab that the system has frozen keeps its locks. Default 5000. */
  readonly waitMs?: number;
  readonly locks?: LockManager;
}

/**
 * Runs `work` while nobody else of this origin runs work under the same name. Whoever holds the lock for too long loses it,
 * although its work goes on.
 */
export async function runExclusively<T>(
  name: string,
  work: () => Promise<T>,
  { waitMs = 5000, locks = navigator.locks }: ExclusiveOptions = {},
): Promise<T> {
  let working: Promise<T> | undefined;
  const request = (options: LockOptions): Promise<T> =>
    locks.request(name, options, () => (working = work()));
  try {
    return await request({ signal: AbortSignal.timeout(waitMs) });
  } catch (error) {
    if (working) return working; // The work has failed, or somebody else took the lock, and the work goes on.
    if ((error as Error).name !== "TimeoutError") throw error;
  }
  return request({ steal: true }).catch((error: unknown) => {
    if (working) return working;
    throw error;
  });
}
