/** The card that makes the app independent of a network: what it costs, the download, the result. */

import type { DownloadProgress, ModelDescriptor } from "@fastvlm-kit/web";
import { button, element, showFacts } from "../shared/elements.ts";
import { errorInWords } from "../shared/words.ts";
import { createDownloadView } from "./download-view.ts";
import { DownloadControl, library, RUNTIME_BYTES, type OfflineReport } from "./offline.ts";
import { offlineCost } from "./offline-cost.ts";
import { readSetting, writeSetting } from "./settings.ts";
import { sizeInWords } from "./words.ts";

export interface OfflineCard {
  /** Looks again at what is here. */
  refresh(): Promise<void>;
}

export interface OfflineCardOptions {
  /** Undefined while the user has not chosen. */
  readonly model: () => ModelDescriptor | undefined;
  /** Resolves when the app itself starts without a network; false where it never will. */
  readonly shell: Promise<boolean>;
  readonly onReady: () => void;
}

export function createOfflineCard({ model, shell, onReady }: OfflineCardOptions): OfflineCard {
  const card = element("offline", HTMLElement);
  const problem = element("offline-problem", HTMLElement);
  const startButton = button("offline-start", () => void start());
  const deleteButton = button("offline-delete", () => void free());
  const view = createDownloadView();
  let isDownloading = false;
  let hasTried = false;

  const refresh = async (): Promise<void> => {
    const current = model();
    // A card for a model that was not chosen yet would promise too much.
    card.hidden = current === undefined;
    if (!current || isDownloading) return;
    try {
      const report = await library.checkOffline(current);
      const isReady = report.isReady && (await shell);
      describe(current, report, isReady);
      startButton.hidden = report.isReady;
      deleteButton.hidden = !report.isReady;
      // A download that was cut off by a reload, or code that came with a new version of the app.
      const isCutOff = !report.isReady && readSetting("wantsOffline") && navigator.onLine;
      if (isCutOff && !hasTried) await start();
    } catch (error) {
      problem.textContent = errorInWords(error);
    }
  };

  const start = async (): Promise<void> => {
    const current = model();
    if (!current) return;
    const controller = new AbortController();
    const control = new DownloadControl();
    const hadFocus = document.activeElement === startButton;
    isDownloading = hasTried = true;
    startButton.hidden = true;
    problem.textContent = "";
    writeSetting("wantsOffline", true);
    view.begin({
      control,
      cancel() {
        writeSetting("wantsOffline", false);
        controller.abort();
      },
    });
    if (hadFocus) view.focus();
    try {
      const onProgress = (progress: DownloadProgress): void => {
        view.show(progress);
      };
      const { signal } = controller;
      await library.prepareOffline(current, { signal, control, onProgress });
      onReady();
    } catch (error) {
      if (!controller.signal.aborted) problem.textContent = errorInWords(error);
    }
    // The button under the focus goes: the next one that makes sense has it.
    const hasFocus = card.contains(document.activeElement);
    isDownloading = false;
    view.end();
    await refresh();
    if (hasFocus) [startButton, deleteButton].find(({ hidden }) => !hidden)?.focus();
  };

  const free = async (): Promise<void> => {
    const current = model();
    if (!current) return;
    problem.textContent = "";
    writeSetting("wantsOffline", false);
    try {
      await library.deleteModel(current.id, current.revision);
    } catch (error) {
      problem.textContent = errorInWords(error);
    }
    await refresh();
    startButton.focus();
  };

  return { refresh };
}

function describe(model: ModelDescriptor, report: OfflineReport, isReady: boolean): void {
  const cost = offlineCost(report, RUNTIME_BYTES);
  const isNew = cost.missing === cost.total;
  // Sizes that a server has not been asked for yet.
  const about = Object.values(model.files).some((file) => file.isApproximate) ? "about " : "";
  element("offline", HTMLElement).classList.toggle("is-ready", isReady);
  element("offline-heading", HTMLElement).textContent = isReady
    ? "Ready offline"
    : "Use it without a network";
  element("offline-text", HTMLElement).textContent = textOf(report, isReady, cost.total);
  element("offline-start", HTMLElement).textContent = isNew
    ? "Make available offline"
    : "Get what is missing";
  const facts: (readonly [string, number])[] = [
    ["Model", cost.missingModel],
    ["Program that runs it", cost.missingCode],
    ["Together, once", cost.missing],
  ];
  showFacts(
    element("offline-facts", HTMLElement),
    facts
      .filter(([, bytes]) => bytes > 0)
      .map(([name, bytes]) => [name, about + sizeInWords(bytes)]),
  );
}

function textOf({ isReady, missing }: OfflineReport, isAppReady: boolean, bytes: number): string {
  if (isAppReady) return `${sizeInWords(bytes)} on this device`;
  if (isReady) {
    return "The model is on this device, but this browser does not keep the app: a private window, perhaps.";
  }
  return missing.includes("files")
    ? "The app works as it is, with a network. To caption anywhere, keep the model on this device:"
    : "The model is on this device. What is missing is the program that runs it:";
}
