/** The card that makes the app independent of a network: what it costs, the download, and the result. */

import type { DownloadProgress, ModelDescriptor } from "@fastvlm-kit/web";
import { button, element, showFacts } from "../demo/elements.ts";
import { bytesInWords, errorInWords } from "../demo/words.ts";
import { DownloadControl, library, type OfflineReport } from "./offline.ts";
import { downloadStateInWords, progressInWords } from "./words.ts";

export interface OfflineCard {
  /** Looks again at what is here. */
  refresh(): Promise<void>;
}

export interface OfflineCardOptions {
  readonly model: () => ModelDescriptor;
  /** Resolves when the app itself starts without a network; false where it never will. */
  readonly shell: Promise<boolean>;
}

interface Download {
  readonly controller: AbortController;
  readonly control: DownloadControl;
}

export function createOfflineCard({ model, shell }: OfflineCardOptions): OfflineCard {
  const card = element("offline", HTMLElement);
  const heading = element("offline-heading", HTMLElement);
  const text = element("offline-text", HTMLElement);
  const facts = element("offline-facts", HTMLElement);
  const box = element("offline-download", HTMLElement);
  const step = element("offline-step", HTMLElement);
  const bar = element("offline-bar", HTMLProgressElement);
  const bytes = element("offline-bytes", HTMLElement);
  const problem = element("offline-problem", HTMLElement);
  const startButton = button("offline-start", () => void start());
  const pauseButton = button("offline-pause", () => {
    togglePause();
  });
  const cancelButton = button("offline-cancel", () => download?.controller.abort());
  const deleteButton = button("offline-delete", () => void free());
  let download: Download | undefined;

  const showButtons = (report?: OfflineReport): void => {
    box.hidden = pauseButton.hidden = cancelButton.hidden = download === undefined;
    startButton.hidden = download !== undefined || report?.isReady !== false;
    deleteButton.hidden = download !== undefined || report?.isReady !== true;
  };

  const refresh = async (): Promise<void> => {
    // A card for a model that may not be loaded yet would promise too much.
    card.hidden = !model().license.isAccepted;
    if (card.hidden || download) return;
    try {
      const report = await library.checkOffline(model());
      show(report, report.isReady && (await shell));
    } catch (error) {
      problem.textContent = errorInWords(error);
    }
  };

  const show = (report: OfflineReport, isReady: boolean): void => {
    const { totalBytes, missingBytes, missing } = report;
    const isNew = missingBytes >= totalBytes;
    card.classList.toggle("is-ready", isReady);
    heading.textContent = isReady ? "Ready offline" : "Use it without a network";
    text.textContent = textOf(report, isReady);
    showFacts(
      facts,
      report.isReady
        ? []
        : [
            [isNew ? "Download" : "Still missing", `${bytesInWords(missingBytes)}, once`],
            ["What", contentsInWords(missing)],
          ],
    );
    startButton.textContent = isNew ? "Make available offline" : "Get what is missing";
    showButtons(report);
  };

  const start = async (): Promise<void> => {
    const current = { controller: new AbortController(), control: new DownloadControl() };
    download = current;
    problem.textContent = "";
    say("Starting the download");
    bar.removeAttribute("value");
    bytes.textContent = "";
    pauseButton.textContent = "Pause";
    showButtons();
    pauseButton.focus();
    try {
      await library.prepareOffline(model(), {
        signal: current.controller.signal,
        control: current.control,
        onProgress,
      });
    } catch (error) {
      if (!current.controller.signal.aborted) problem.textContent = errorInWords(error);
    } finally {
      const hadFocus = card.contains(document.activeElement);
      download = undefined;
      await refresh();
      // The button under the focus is gone: the next one that makes sense has it.
      if (hadFocus) (startButton.hidden ? deleteButton : startButton).focus();
    }
  };

  const onProgress = (progress: DownloadProgress): void => {
    say(downloadStateInWords(progress.state));
    if (progress.totalBytes > 0) bar.value = progress.loadedBytes / progress.totalBytes;
    bytes.textContent = progressInWords(progress);
  };

  // A live region: every new text is read out, so it changes with the state only.
  const say = (words: string): void => {
    if (step.textContent !== words) step.textContent = words;
  };

  const togglePause = (): void => {
    if (!download) return;
    const { control } = download;
    if (control.isPaused) control.resume();
    else control.pause();
    pauseButton.textContent = control.isPaused ? "Resume" : "Pause";
    say(downloadStateInWords(control.isPaused ? "paused" : "downloading"));
  };

  const free = async (): Promise<void> => {
    problem.textContent = "";
    try {
      await library.deleteModel(model().id, model().revision);
    } catch (error) {
      problem.textContent = errorInWords(error);
    }
    await refresh();
    startButton.focus();
  };

  return { refresh };
}

function textOf({ isReady, totalBytes, missing }: OfflineReport, isAppReady: boolean): string {
  if (isAppReady) {
    return `The app and its model are on this device (${bytesInWords(totalBytes)}).`;
  }
  if (isReady) {
    return "The model is on this device, but this browser does not keep the app: a private window, perhaps.";
  }
  return missing.includes("files")
    ? "The app works as it is, with a network. To caption anywhere, keep the model on this device."
    : "The model is on this device. The program that runs it comes with the app and is new.";
}

function contentsInWords(missing: OfflineReport["missing"]): string {
  const names = { files: "the model", code: "the program that runs it" };
  return missing.map((part) => names[part]).join(" and ");
}
