/** Sizes, rates, times and counts as a person reads them. */

import type { DownloadProgress } from "@fastvlm-kit/web";
import { bytesInWords } from "../demo/words.ts";

/** Rounded up and coarse: a time that jumps about is worse than none. */
export function timeLeftInWords(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  if (seconds <= 1) return "about a second left";
  if (seconds < 60) return `about ${seconds} s left`;
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 60) return `about ${minutes} min left`;
  const hours = Math.floor(minutes / 60);
  return `about ${hours} h ${minutes % 60} min left`;
}

/** Percentage, bytes, rate and time left; what is not known is left out. */
export function progressInWords(progress: DownloadProgress): string {
  const { loadedBytes, totalBytes, bytesPerSecond, remainingMs } = progress;
  const isRunning = progress.state === "downloading" && bytesPerSecond > 0;
  return [
    // 100 % is for what is complete.
    `${totalBytes > 0 ? Math.floor((loadedBytes / totalBytes) * 100) : 0} %`,
    `${bytesInWords(loadedBytes)} of ${bytesInWords(totalBytes)}`,
    ...(isRunning ? [`${bytesInWords(bytesPerSecond)}/s`] : []),
    ...(isRunning && remainingMs !== undefined ? [timeLeftInWords(remainingMs)] : []),
  ].join(" · ");
}

const STATES: Readonly<Record<DownloadProgress["state"], string>> = {
  downloading: "Downloading",
  paused: "Paused",
  retrying: "The connection broke. Trying again",
  "in-other-tab": "Another tab is downloading this",
};

export function downloadStateInWords(state: DownloadProgress["state"]): string {
  return STATES[state];
}

export function countInWords(count: number, singular: string, plural = `${singular}s`): string {
  return `${count} ${count === 1 ? singular : plural}`;
}
