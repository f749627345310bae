/**
 * Holds a Web Lock for as long as the worker lives. The page waits for the same lock. However the worker dies, the
 * browser frees the lock at once, whereas no `error` event follows `terminate()` or `close()`.
 *
 * @returns whether the lock is held; false if the browser has no Web Locks
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
