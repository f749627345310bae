/**
 * A Web Lock that lives as long as the worker. The page waits for it: however the worker dies, the
 * browser frees the lock at once, while `error` events miss `terminate()` and `close()`.
 *
 * @returns whether the lock is held; false where the browser has no Web Locks
 */
export async function holdLifeLock(name: string): Promise<boolean> {
  if (!("locks" in navigator)) return false;
  return new Promise((resolve) => {
    navigator.locks
      .request(name, () => {
        resolve(true);
        return new Promise<never>(() => undefined);
      })
      .catch(() => {
        resolve(false);
      });
  });
}
