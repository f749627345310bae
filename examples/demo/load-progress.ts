/** A progress bar with words: the step for everybody, the bytes for those who look. */

import type { DownloadProgress } from "@fastvlm-kit/web";
import { element } from "./elements.ts";
import { bytesInWords } from "./words.ts";

export interface LoadProgress {
  /** Shows a step of unknown length. */
  begin(step: string): void;
  readonly onProgress: (progress: DownloadProgress) => void;
  hide(): void;
}

export function createLoadProgress(ids: {
  readonly box: string;
  readonly step: string;
  readonly bar: string;
  readonly bytes: string;
}): LoadProgress {
  const box = element(ids.box, HTMLElement);
  const step = element(ids.step, HTMLElement);
  const bar = element(ids.bar, HTMLProgressElement);
  const bytes = element(ids.bytes, HTMLElement);

  // A live region: every new text is read out, so it only changes with the step.
  const say = (text: string): void => {
    if (step.textContent !== text) step.textContent = text;
  };

  return {
    begin(text) {
      box.hidden = false;
      bar.removeAttribute("value");
      bytes.textContent = "";
      say(text);
    },
    onProgress({ loadedBytes, totalBytes, cachedBytes }) {
      const isComplete = loadedBytes >= totalBytes;
      say(isComplete ? "Warming up" : "Loading the model");
      const source = cachedBytes === loadedBytes ? ", from this browser’s own storage" : "";
      bytes.textContent = `${bytesInWords(loadedBytes)} of ${bytesInWords(totalBytes)}${source}`;
      if (isComplete) bar.removeAttribute("value");
      else bar.value = loadedBytes / totalBytes;
    },
    hide() {
      box.hidden = true;
    },
  };
}
