/** Pictures from outside: dropped anywhere on the page, pasted, or chosen as a file. */

import { button, element } from "../shared/elements.ts";
import type { Picture } from "../shared/picture.ts";

export function listenForPictures(
  onPicture: (picture: Picture) => void,
  onProblem: (words: string) => void,
): void {
  const input = element("file", HTMLInputElement);
  const openPicker = (): void => {
    input.click();
  };
  const drop = button("drop", openPicker);
  button("choose", openPicker);

  const take = (files: FileList | null | undefined): boolean => {
    const file = files?.[0];
    if (file) onPicture({ name: file.name, source: file });
    return file !== undefined;
  };

  input.addEventListener("change", () => {
    take(input.files);
    // Else choosing the same file again would be no change.
    input.value = "";
  });

  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("is-over");
  });
  document.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) drop.classList.remove("is-over");
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("is-over");
    if (!take(event.dataTransfer?.files))
      onProblem("What was dropped is no file. Save the picture first, then drop it.");
  });

  document.addEventListener("paste", (event) => {
    if (take(event.clipboardData?.files)) event.preventDefault();
  });
}
