/** A model for photos: what it costs, its licence, and only then the download. */

import type { DownloadProgress, ModelDescriptor } from "@fastvlm-kit/web";
import { button, element } from "../shared/elements.ts";
import { createPhotoChoice } from "../shared/photo-choice.ts";
import {
  FIRST_PHOTO_MODEL,
  PHOTO_MODELS,
  type HubRevision,
  type PhotoModel,
} from "../shared/photo-models.ts";
import { createLoadProgress } from "./load-progress.ts";
import { errorInWords } from "../shared/words.ts";

export interface PhotosLoad {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: DownloadProgress) => void;
}

/**
 * @param load loads the model and takes it into use; the embedded one stays when it throws
 * @returns opens the dialog
 */
export function createPhotosDialog(
  load: (model: ModelDescriptor, options: PhotosLoad) => Promise<void>,
): () => void {
  const dialog = element("photos", HTMLDialogElement);
  const problem = element("photos-problem", HTMLElement);
  const download = button("photos-download", () => void start());
  const progress = createLoadProgress({
    box: "photos-loading",
    step: "photos-step",
    bar: "photos-progress",
    bytes: "photos-bytes",
  });
  let loading: AbortController | undefined;

  const update = (): void => {
    choice.setDisabled(loading !== undefined);
    download.disabled = !choice.isReady || loading !== undefined;
  };
  const choice = createPhotoChoice(update, revisionOfAddress());
  button("photos-cancel", () => {
    dialog.close();
  });
  // One stray Escape should not throw half a gigabyte away.
  dialog.addEventListener("cancel", (event) => {
    if (loading) event.preventDefault();
  });
  dialog.addEventListener("close", () => {
    loading?.abort();
  });

  const start = async (): Promise<void> => {
    const controller = new AbortController();
    loading = controller;
    update();
    problem.textContent = "";
    progress.begin("Starting the download");
    try {
      const { signal } = controller;
      await load(choice.model, { signal, onProgress: progress.onProgress });
      showScope(PHOTO_MODELS[choice.name]);
      dialog.close();
    } catch (error) {
      if (!controller.signal.aborted) {
        problem.textContent = `${errorInWords(error)} The embedded model stays in use.`;
      }
    } finally {
      loading = undefined;
      progress.hide();
      update();
    }
  };

  return () => {
    problem.textContent = "";
    dialog.showModal();
    void choice.begin(FIRST_PHOTO_MODEL);
  };
}

function showScope({ title, license }: PhotoModel): void {
  element("photos-scope-heading", HTMLElement).textContent = title;
  element("photos-scope-license", HTMLElement).textContent = license;
}

/** `?revision=` in the page's address: another revision of the repository, held to no hashes of `main`. */
function revisionOfAddress(): HubRevision {
  const revision = new URL(location.href).searchParams.get("revision");
  return revision === null ? {} : { revision };
}
