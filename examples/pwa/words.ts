/** Sizes, rates, times and counts as a person reads them. */

import type { DownloadProgress } from "@fastvlm-kit/web";
import { bytesInWords } from "../shared/words.ts";

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
    partInWords(loadedBytes, totalBytes),
    ...(isRunning ? [`${bytesInWords(bytesPerSecond)}/s`] : []),
    ...(isRunning && remainingMs !== undefined ? [timeLeftInWords(remainingMs)] : []),
  ].join(" · ");
}

/** One unit for both where it is the same. */
function partInWords(part: number, whole: number): string {
  const words = bytesInWords(whole);
  const unit = words.slice(words.indexOf(" "));
  const partWords = bytesInWords(part);
  return `${partWords.endsWith(unit) ? partWords.slice(0, -unit.length) : partWords} of ${words}`;
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

/** To two places: sizes that are added up on the page should add up. */
export function sizeInWords(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(2)} GB` : `${(bytes / 1e6).toFixed(2)} MB`;
}

export function countInWords(count: number, singular: string, plural = `${singular}s`): string {
  return `${count} ${count === 1 ? singular : plural}`;
}
