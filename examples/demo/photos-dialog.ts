/** FastVLM-0.5B for photos: what it costs, its licence, and only then the download. */

import {
  checkSupport,
  fastvlm05b,
  type DownloadProgress,
  type ModelDescriptor,
} from "@fastvlm-kit/web";
import { button, element, showFacts } from "../shared/elements.ts";
import { createLoadProgress } from "./load-progress.ts";
import { bytesInWords, errorInWords } from "../shared/words.ts";

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
  const consent = element("accept-license", HTMLInputElement);
  const problem = element("photos-problem", HTMLElement);
  const download = button("photos-download", () => void start());
  const progress = createLoadProgress({
    box: "photos-loading",
    step: "photos-step",
    bar: "photos-progress",
    bytes: "photos-bytes",
  });
  let loading: AbortController | undefined;
  let isSupported = false;

  const update = (): void => {
    consent.disabled = loading !== undefined;
    download.disabled = !consent.checked || !isSupported || loading !== undefined;
  };
  consent.addEventListener("change", update);
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
      await load(fastvlm05b({ acceptLicense: "apple-amlr", ...revisionOfAddress() }), {
        signal,
        onProgress: progress.onProgress,
      });
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

  const open = async (): Promise<void> => {
    consent.checked = false;
    problem.textContent = "";
    update();
    dialog.showModal();
    isSupported = await describe();
    update();
  };
  return () => void open();
}

/** `?revision=` in the page's address: another revision of the repository, held to no hashes of `main`. */
function revisionOfAddress(): { revision?: string } {
  const revision = new URL(location.href).searchParams.get("revision");
  return revision === null ? {} : { revision };
}

/** @returns whether the model can be expected to run here */
async function describe(): Promise<boolean> {
  const model = fastvlm05b();
  const support = await checkSupport({ model });
  const onGpu = support.devices[0] === "webgpu";
  const size = `${support.isExact ? "" : "about "}${bytesInWords(support.downloadBytes)}`;
  showFacts(element("photos-facts", HTMLElement), [
    ["Download", `${size}, once; this browser keeps it`],
    ["Runs on", onGpu ? "GPU (WebGPU)" : "CPU (WebAssembly): works, but an answer takes a while"],
  ]);
  element("license-id", HTMLElement).textContent = model.license.id;
  element("license-summary", HTMLElement).textContent = model.license.summary;
  if (model.license.url !== undefined)
    element("license-link", HTMLAnchorElement).href = model.license.url;
  const missing = element("photos-missing", HTMLElement);
  missing.hidden = support.isSupported;
  missing.textContent = `This browser cannot run it. Missing: ${support.missing.join(", ")}.`;
  return support.isSupported;
}
