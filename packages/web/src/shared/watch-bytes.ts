/** Tells that an answer arrives, without taking it from who reads it. */

/** How often `onBytes` is called at most. */
const INTERVAL_MS = 500;

/**
 * Reads a clone of the answer and keeps nothing of it. The answer stays the browser's own, so that Chromium keeps the code that it
 * compiles from it: with a body of our own, it compiled the file anew at each visit.
 *
 * @param onBytes called at the first bytes, and then now and then while more come
 * @returns when all has arrived; rejects if it breaks off
 */
export async function watchBytes(response: Response, onBytes: () => void): Promise<void> {
  const reader = response.clone().body?.getReader();
  let toldAt = -Infinity;
  while (reader && !(await reader.read()).done) {
    const now = performance.now();
    if (now - toldAt < INTERVAL_MS) continue;
    toldAt = now;
    onBytes();
  }
}
