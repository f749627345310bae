/** The app: pictures come in, wait in a batch that survives reloads, and get captions on this device. */

import type { ModelDescriptor, VlmEvent } from "@fastvlm-kit/web";
import { createCameraDialog } from "../shared/camera.ts";
import { button, element } from "../shared/elements.ts";
import { PHOTO_MODELS, type PhotoModelName } from "../shared/photo-models.ts";
import { bytesInWords, errorInWords } from "../shared/words.ts";
import { Batch } from "./batch.ts";
import { createBatchView } from "./batch-view.ts";
import { Captioner } from "./captioner.ts";
import { offerInstall } from "./install.ts";
import { chooseModel, describeModel, takeModel } from "./model-choice.ts";
import { createOfflineCard } from "./offline-card.ts";
import {
  listenForFiles,
  listenForLaunches,
  takeShared,
  type IncomingPicture,
} from "./picture-sources.ts";
import { showPhotosCard } from "./photos-card.ts";
import { createPresetChoice } from "./preset-choice.ts";
import { fetchSamples } from "./samples.ts";
import { registerServiceWorker } from "./updates.ts";
import { countInWords } from "./words.ts";

/** Pictures on their way into the batch. */
let receiving: Promise<void> = Promise.resolve();
const choice = chooseModel(location.href);
let model: ModelDescriptor | undefined;
if (choice.kind === "in-use") model = describeModel(choice.name);
const addProblem = element("add-problem", HTMLElement);

const captioner = new Captioner(model, {
  onProgress({ loadedBytes, totalBytes }) {
    const isComplete = loadedBytes >= totalBytes;
    view.setWait(
      isComplete
        ? "Warming up"
        : `Loading the model: ${bytesInWords(loadedBytes)} of ${bytesInWords(totalBytes)}`,
    );
  },
  onEvent: tellOf,
});
const batch = new Batch(captioner, createPresetChoice(), {
  onChange: () => {
    view.show();
  },
  onDone({ name, state }) {
    if (state.kind === "done") view.announce(`${name}: ${state.caption}`);
    if (state.kind === "failed") view.announce(`${name} failed: ${state.message}`);
  },
  onProblem(error) {
    view.showProblem(errorInWords(error));
  },
});
const view = createBatchView(batch);
const offlineCard = createOfflineCard({
  model: () => model,
  shell: registerServiceWorker(),
  // What failed for want of it may go on.
  onReady: () => {
    view.showProblem("");
    batch.goOn();
  },
});

const receiver = { onPictures: receive, onProblem: showAddProblem };
offerInstall();
listenForFiles(receiver);
button(
  "open-camera",
  createCameraDialog(({ name, source }) => {
    if (source instanceof Blob) void receive([{ name: `${name}.jpg`, blob: source }]);
  }),
);
button("add-samples", () => {
  fetchSamples().then(receive, (error: unknown) => {
    showAddProblem(errorInWords(error));
  });
});
if (choice.kind === "in-use") showScope(choice.name);
else showPhotosCard(choice.first, useForPhotos);

// Back from the browser's cache of pages, which kept this one as it was, but not the rest of the world.
window.addEventListener("pageshow", ({ persisted }) => {
  if (persisted) void openBatch();
});
void offlineCard.refresh();
await openBatch();

async function openBatch(): Promise<void> {
  try {
    await batch.open();
    await takeShared(receiver);
    // Only now: the system hands files over as soon as somebody listens.
    listenForLaunches(receiver);
  } catch (error) {
    showAddProblem(`This browser keeps no pictures for the app: ${errorInWords(error)}`);
  }
}

/** Puts pictures into the batch and starts it; what comes first is first, however much there is of it. */
function receive(pictures: readonly IncomingPicture[]): Promise<void> {
  receiving = receiving.then(() => take(pictures));
  return receiving;
}

async function take(pictures: readonly IncomingPicture[]): Promise<void> {
  addProblem.textContent = "";
  try {
    for (const { blob, ...picture } of pictures) await batch.add(blob, picture);
    view.announce(`${countInWords(pictures.length, "picture")} added`);
  } catch (error) {
    const words = "There is no room for this picture. Remove some, or free space on this device.";
    const isFull = error instanceof Error && error.name === "QuotaExceededError";
    showAddProblem(isFull ? words : errorInWords(error));
  }
  view.showProblem("");
  batch.start();
}

function showAddProblem(words: string): void {
  addProblem.textContent = words;
}

function showScope(name: "tiny" | PhotoModelName): void {
  element("scope-tiny", HTMLElement).hidden = name !== "tiny";
  element("scope-photos", HTMLElement).hidden = name === "tiny";
  if (name === "tiny") return;
  element("scope-photos-heading", HTMLElement).textContent = PHOTO_MODELS[name].title;
  element("scope-photos-license", HTMLElement).textContent = PHOTO_MODELS[name].license;
}

function useForPhotos(name: PhotoModelName): void {
  takeModel(name);
  model = describeModel(name);
  showScope(name);
  captioner.replaceModel(model);
  view.showProblem("");
  void offlineCard.refresh();
  batch.start();
}

/** What happened on the side. */
function tellOf(event: VlmEvent): void {
  const notice = element("notice", HTMLElement);
  if (event.type === "worker-restarted") notice.textContent = "The model was started afresh.";
  if (event.type === "storage-degraded") {
    notice.textContent = `The model is not kept beyond this visit: ${event.reason}`;
  }
}
