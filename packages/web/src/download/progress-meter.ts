/** Turns byte counts into progress with a rate and the time left, and limits the number of reports. */

import type { DownloadProgress, DownloadState } from "../protocol/result.ts";

/** The rate is measured over this time. With a shorter one it jumps, with a longer one it reacts late. */
const WINDOW_MS = 5000;

const REPORT_EVERY_MS = 100;

export interface ProgressMeter {
  /** Reports the progress, unless the last report was a moment ago and nothing has ended since. */
  update(state: DownloadState, loadedBytes: number, totalBytes: number): void;
}

/** @param cachedBytes how many bytes were stored when the download began */
export function createProgressMeter(
  cachedBytes: number,
  now: () => number,
  report: (progress: DownloadProgress) => void,
): ProgressMeter {
  const samples: { at: number; bytes: number }[] = [];
  let last: { at: number; state: DownloadState; loadedBytes: number } | undefined;
  return {
    update(state, loadedBytes, totalBytes) {
      const at = now();
      const isNewState = last?.state !== state;
      const isRepeat = !isNewState && last?.loadedBytes === loadedBytes;
      const isSoon = last !== undefined && at - last.at < REPORT_EVERY_MS;
      if (isRepeat || (!isNewState && isSoon && loadedBytes < totalBytes)) return;
      // A file that starts again would make the rate negative.
      if (isNewState || loadedBytes < (last?.loadedBytes ?? 0)) samples.length = 0;
      samples.push({ at, bytes: loadedBytes });
      while (samples.length > 2 && samples[0]!.at < at - WINDOW_MS) samples.shift();
      last = { at, state, loadedBytes };
      const bytesPerSecond = state === "paused" ? 0 : rateOf(samples);
      const left = Math.max(0, totalBytes - loadedBytes);
      report({
        state,
        loadedBytes,
        totalBytes,
        cachedBytes,
        bytesPerSecond,
        remainingMs: remaining(left, bytesPerSecond),
      });
    },
  };
}

function rateOf(samples: readonly { at: number; bytes: number }[]): number {
  const [first, last] = [samples[0]!, samples.at(-1)!];
  const ms = last.at - first.at;
  return ms > 0 ? ((last.bytes - first.bytes) / ms) * 1000 : 0;
}

function remaining(leftBytes: number, bytesPerSecond: number): number | undefined {
  if (leftBytes === 0) return 0;
  return bytesPerSecond > 0 ? (leftBytes / bytesPerSecond) * 1000 : undefined;
}
