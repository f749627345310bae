/** One picture of the batch on the page. It is made once and updated, so that focus and selection stay. */

import { create } from "../shared/elements.ts";
import { bytesInWords } from "../shared/words.ts";
import { copyText } from "./copy-text.ts";
import type { QueuedPicture } from "./queue.ts";
import { readFile } from "./queue-store.ts";

export interface ItemActions {
  readonly onEdit: (id: string, caption: string) => void;
  readonly onRetry: (id: string) => void;
  readonly onRemove: (id: string) => void;
}

export interface PictureItem {
  readonly element: HTMLLIElement;
  update(picture: QueuedPicture, isCurrent: boolean): void;
  dispose(): void;
}

export function createPictureItem(
  { id, name, sizeBytes }: QueuedPicture,
  actions: ItemActions,
): PictureItem {
  const thumbnail = createThumbnail(id);
  const status = create("p", { className: "item-status quiet" });
  const caption = Object.assign(create("textarea", { className: "caption" }), {
    rows: 2,
    spellcheck: true,
    ariaLabel: `Caption of ${name}`,
    hidden: true,
  });
  const problem = create("p", { className: "problem" });
  // Two buttons "Copy" would be one name for two things.
  const action = (label: string, onPress: () => void): HTMLButtonElement => {
    const made = Object.assign(create("button", { textContent: label }), {
      type: "button",
      ariaLabel: `${label}: ${name}`,
    });
    made.addEventListener("click", onPress);
    return made;
  };
  const copy = action("Copy", () => void copyText(caption, status));
  const retry = action("Retry", () => {
    actions.onRetry(id);
  });
  const remove = action("Remove", () => {
    actions.onRemove(id);
  });
  caption.addEventListener("input", () => {
    actions.onEdit(id, caption.value);
  });

  const element = create(
    "li",
    { className: "item" },
    thumbnail.element,
    create(
      "div",
      { className: "item-body" },
      create("p", { className: "item-name", textContent: name }),
      caption,
      problem,
      status,
      create("div", { className: "row" }, copy, retry, remove),
    ),
  );

  return {
    element,
    update({ state }, isCurrent) {
      const shown = isCurrent && state.kind === "waiting" ? "current" : state.kind;
      element.dataset["state"] = shown;
      if (isCurrent) element.setAttribute("aria-busy", "true");
      else element.removeAttribute("aria-busy");
      caption.hidden = copy.hidden = state.kind !== "done";
      retry.hidden = state.kind !== "failed";
      problem.textContent = state.kind === "failed" ? state.message : "";
      if (state.kind === "waiting") {
        status.textContent = isCurrent ? "Captioning" : `Waiting · ${bytesInWords(sizeBytes)}`;
      } else {
        status.textContent = state.kind === "done" && state.isEdited ? "Edited" : "";
      }
      if (state.kind !== "done") return;
      // What is being typed is newer than what is stored.
      if (document.activeElement !== caption && caption.value !== state.caption) {
        caption.value = state.caption;
      }
      thumbnail.show();
    },
    dispose() {
      thumbnail.dispose();
      element.remove();
    },
  };
}

interface Thumbnail {
  readonly element: HTMLElement;
  show(): void;
  dispose(): void;
}

/**
 * Only a picture that the kit has read is shown: it looks at the header before it decodes, and the
 * page would not. Until then, and for what it refused, there is an empty frame.
 */
function createThumbnail(id: string): Thumbnail {
  const image = Object.assign(create("img", { className: "thumbnail-image" }), {
    alt: "",
    decoding: "async" as const,
    hidden: true,
  });
  let url: string | undefined;
  let isAsked = false;
  let isDisposed = false;
  const revoke = (): void => {
    if (url !== undefined) URL.revokeObjectURL(url);
    url = undefined;
  };
  image.addEventListener("load", () => {
    image.hidden = false;
    revoke();
  });
  image.addEventListener("error", revoke);
  const load = async (): Promise<void> => {
    const file = await readFile(id);
    if (!file || isDisposed) return;
    url = URL.createObjectURL(file);
    image.src = url;
  };
  return {
    element: create("div", { className: "thumbnail" }, image),
    show() {
      if (isAsked) return;
      isAsked = true;
      load().catch(() => undefined);
    },
    dispose() {
      isDisposed = true;
      revoke();
    },
  };
}
