/** Runs work in one worker at a time, for work that takes milliseconds. */

/** How long to wait for another worker, in milliseconds. A tab that the system has frozen keeps its locks. */
const WAIT_MS = 5000;

/**
 * Runs `work` while no other worker of this origin runs work under the same name. A worker that holds the lock for too long
 * loses it, although its work goes on.
 */
export async function runExclusively<T>(name: string, work: () => Promise<T>): Promise<T> {
  let working: Promise<T> | undefined;
  const request = (options: LockOptions): Promise<T> =>
    navigator.locks.request(name, options, () => (working = work()));
  try {
    return await request({ signal: AbortSignal.timeout(WAIT_MS) });
  } catch (error) {
    if (working) return working; // The work has failed, or another worker took the lock, and the work goes on.
    if ((error as Error).name !== "TimeoutError") throw error;
  }
  return request({ steal: true }).catch((error: unknown) => {
    if (working) return working;
    throw error;
  });
}
