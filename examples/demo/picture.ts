/** The picture that is asked about, and the one before it, to go back to when the new one cannot be read. */

import { VlmError } from "@fastvlm-kit/web";
import { element } from "../shared/elements.ts";
import type { Picture } from "../shared/picture.ts";

export interface PictureView {
  readonly current: Picture;
  show(picture: Picture): void;
  /** Says that the current picture was read: it is what {@link restore} goes back to. */
  keep(): void;
  restore(): void;
}

export function createPictureView(
  first: Picture,
  onChange: (picture: Picture) => void,
): PictureView {
  const preview = element("preview", HTMLImageElement);
  const name = element("picture-name", HTMLElement);
  let current = first;
  let readable = first;
  let objectUrl: string | undefined;

  // The kit reads the file itself: a preview that fails is no verdict.
  preview.addEventListener("load", () => {
    preview.hidden = false;
  });

  const show = (picture: Picture): void => {
    if (objectUrl !== undefined) URL.revokeObjectURL(objectUrl);
    objectUrl =
      typeof picture.source === "string" ? undefined : URL.createObjectURL(picture.source);
    current = picture;
    preview.hidden = true;
    preview.src = objectUrl ?? (picture.source as string);
    name.textContent = picture.name;
    onChange(picture);
  };

  show(first);
  return {
    get current() {
      return current;
    },
    show,
    keep() {
      readable = current;
    },
    restore() {
      if (current !== readable) show(readable);
    },
  };
}

/** Whether another picture would help. */
export function isPictureError(error: unknown): boolean {
  return VlmError.is(error) && error.code.startsWith("image-");
}
