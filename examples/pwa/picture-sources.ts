/** Where pictures come from: files, drop, paste, files opened with the app, photos shared to it. */

import { button, element } from "../shared/elements.ts";
import { emptyInbox } from "./inbox.ts";
import { readShareResult, SHARE_RESULT } from "./share-target.ts";

export interface IncomingPicture {
  readonly name: string;
  readonly blob: Blob;
  /** Of a picture that may be handed over twice. */
  readonly id?: string;
}

export interface PictureReceiver {
  readonly onPictures: (pictures: readonly IncomingPicture[]) => Promise<void>;
  readonly onProblem: (words: string) => void;
}

export function listenForFiles({ onPictures, onProblem }: PictureReceiver): void {
  const take = (files: FileList | null | undefined): boolean => {
    const pictures = [...(files ?? [])].map((file) => ({ name: file.name, blob: file }));
    if (pictures.length > 0) void onPictures(pictures);
    return pictures.length > 0;
  };
  for (const [buttonId, inputId] of [
    ["choose", "files"],
    ["open-capture", "capture"],
  ] as const) {
    const input = element(inputId, HTMLInputElement);
    button(buttonId, () => {
      input.click();
    });
    input.addEventListener("change", () => {
      take(input.files);
      // Else choosing the same file again would be no change.
      input.value = "";
    });
  }

  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("is-over");
  });
  document.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) document.body.classList.remove("is-over");
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("is-over");
    if (!take(event.dataTransfer?.files))
      onProblem("What was dropped is no file. Save the picture first, then drop it.");
  });
  document.addEventListener("paste", (event) => {
    if (take(event.clipboardData?.files)) event.preventDefault();
  });
}

/** Not in TypeScript's library: https://wicg.github.io/web-app-launch/ */
interface LaunchQueue {
  setConsumer(
    consumer: (launch: { readonly files?: readonly FileSystemFileHandle[] }) => void,
  ): void;
}

/** Files opened with the app, from the system's file manager. */
export function listenForLaunches({ onPictures, onProblem }: PictureReceiver): void {
  const { launchQueue } = window as { launchQueue?: LaunchQueue };
  launchQueue?.setConsumer(({ files = [] }) => {
    const read = files.map(async (handle) => ({ name: handle.name, blob: await handle.getFile() }));
    Promise.all(read).then(
      (pictures) => (pictures.length > 0 ? onPictures(pictures) : undefined),
      () => {
        onProblem("The system would not hand over the file. Choose it here instead.");
      },
    );
  });
}

/** Takes the pictures that were shared to the app, and what became of the share. */
export async function takeShared({ onPictures, onProblem }: PictureReceiver): Promise<number> {
  const result = readShareResult(location.href);
  if (result !== undefined) forgetShareResult();
  if (result === "nothing") onProblem("There was no picture in what was shared.");
  if (result === "failed") {
    onProblem("The shared picture could not be kept: there may be no room left on this device.");
  }
  // Whatever the address says: a page that was closed too early may have left some.
  return emptyInbox((id, { name, blob }) => onPictures([{ id, name, blob }]));
}

/** A reload must not speak of the share again. */
function forgetShareResult(): void {
  const address = new URL(location.href);
  address.searchParams.delete(SHARE_RESULT);
  history.replaceState(history.state, "", address);
}
