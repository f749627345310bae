/** A download on the page: how far, how fast, how long; pause, resume and cancel. */

import type { DownloadControl, DownloadProgress } from "@fastvlm-kit/web";
import { button, element } from "../shared/elements.ts";
import { downloadStateInWords, progressInWords } from "./words.ts";

export interface DownloadView {
  begin(download: { readonly control: DownloadControl; readonly cancel: () => void }): void;
  show(progress: DownloadProgress): void;
  end(): void;
  focus(): void;
}

export function createDownloadView(): DownloadView {
  const box = element("offline-download", HTMLElement);
  const step = element("offline-step", HTMLElement);
  const bar = element("offline-bar", HTMLProgressElement);
  const bytes = element("offline-bytes", HTMLElement);
  let download: Parameters<DownloadView["begin"]>[0] | undefined;

  const pause = button("offline-pause", () => {
    if (!download) return;
    const { control } = download;
    if (control.isPaused) control.resume();
    else control.pause();
    pause.textContent = control.isPaused ? "Resume" : "Pause";
    say(downloadStateInWords(control.isPaused ? "paused" : "downloading"));
  });
  const cancel = button("offline-cancel", () => download?.cancel());

  // A live region: every new text is read out, so it changes with the state only.
  const say = (words: string): void => {
    if (step.textContent !== words) step.textContent = words;
  };

  const setHidden = (isHidden: boolean): void => {
    box.hidden = pause.hidden = cancel.hidden = isHidden;
  };

  return {
    begin(next) {
      download = next;
      pause.textContent = "Pause";
      bytes.textContent = "";
      bar.removeAttribute("value");
      say("Starting the download");
      setHidden(false);
    },
    show(progress) {
      const { state, loadedBytes, totalBytes } = progress;
      // The model is here, and the program that runs it is next: one file, whose bytes nobody counts.
      const isComplete = loadedBytes >= totalBytes;
      say(isComplete ? "Keeping the program that runs it" : downloadStateInWords(state));
      bytes.textContent = progressInWords(progress);
      if (isComplete) bar.removeAttribute("value");
      else bar.value = loadedBytes / totalBytes;
    },
    end() {
      download = undefined;
      setHidden(true);
    },
    focus() {
      pause.focus();
    },
  };
}
