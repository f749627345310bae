/** A progress bar with words: the step for everybody, the bytes for those who look. */

import type { DownloadProgress } from "@fastvlm-kit/web";
import { element } from "../shared/elements.ts";
import { bytesInWords, leftInWords } from "../shared/words.ts";

const STEPS: Readonly<Record<DownloadProgress["state"], string>> = {
  downloading: "Loading the model",
  paused: "Paused",
  retrying: "The connection broke off; trying again",
  "in-other-tab": "Another tab is loading the model",
};

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
    onProgress({ state, loadedBytes, totalBytes, cachedBytes, remainingMs }) {
      const isComplete = loadedBytes >= totalBytes;
      say(isComplete ? "Warming up" : STEPS[state]);
      const isStored = cachedBytes === loadedBytes && isComplete;
      const source = isStored ? ", from this browser’s own storage" : "";
      const left = remainingMs === undefined || isComplete ? "" : `, ${leftInWords(remainingMs)}`;
      bytes.textContent = `${bytesInWords(loadedBytes)} of ${bytesInWords(totalBytes)}${source}${left}`;
      if (isComplete) bar.removeAttribute("value");
      else bar.value = loadedBytes / totalBytes;
    },
    hide() {
      box.hidden = true;
    },
  };
}
