/** The download that a script describes, as a real one reports it: complete from the first report on, and pausable. */

import type { DownloadProgress } from "../protocol/result.ts";
import type { FakeLoad } from "./script.ts";

/** Whether the app has paused the downloads of a worker. */
export class FakePause {
  #isPaused = false;
  readonly #waiting = new Set<() => void>();

  get isPaused(): boolean {
    return this.#isPaused;
  }

  set(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (isPaused) return;
    for (const resume of this.#waiting) resume();
    this.#waiting.clear();
  }

  async whenResumed(): Promise<void> {
    while (this.#isPaused) await new Promise<void>((resume) => this.#waiting.add(resume));
  }
}

const DEFAULT_STEPS = 4;

/** Takes `delayMs` in all, and tells of each step. */
export async function runDownload(
  { download, delayMs = 0 }: Pick<FakeLoad, "download" | "delayMs">,
  pause: FakePause,
  onProgress: (progress: DownloadProgress) => void,
): Promise<void> {
  if (!download) return wait(delayMs);
  const { totalBytes, cachedBytes = 0, steps = DEFAULT_STEPS } = download;
  const startedAt = performance.now();
  const report = (loadedBytes: number, state: DownloadProgress["state"]): void => {
    const seconds = (performance.now() - startedAt) / 1000;
    const rate = seconds > 0 ? (loadedBytes - cachedBytes) / seconds : 0;
    const bytesPerSecond = state === "paused" ? 0 : rate;
    const remainingMs =
      bytesPerSecond > 0 ? ((totalBytes - loadedBytes) / bytesPerSecond) * 1000 : undefined;
    onProgress({ state, loadedBytes, totalBytes, cachedBytes, bytesPerSecond, remainingMs });
  };
  report(cachedBytes, "downloading");
  for (let step = 1; step <= steps; step++) {
    await wait(delayMs / steps);
    const loaded = cachedBytes + ((totalBytes - cachedBytes) * step) / steps;
    if (pause.isPaused) {
      report(cachedBytes + ((totalBytes - cachedBytes) * (step - 1)) / steps, "paused");
      await pause.whenResumed();
    }
    report(Math.round(loaded), "downloading");
  }
}

/** No time at all needs no timer, which the clock of a test may hold back. */
function wait(milliseconds: number): Promise<void> {
  if (milliseconds <= 0) return Promise.resolve();
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
