/** The batch on the page: the list, how far it is, and what can be done with all of it. */

import { button, element } from "../shared/elements.ts";
import type { Batch } from "./batch.ts";
import { toCsv, toJson, toRows } from "./captions-file.ts";
import { createPictureItem, type PictureItem } from "./picture-item.ts";
import { byOrder } from "./queue.ts";
import { saveFile } from "./save-file.ts";
import { countInWords } from "./words.ts";

export interface BatchView {
  readonly show: () => void;
  /** For screen readers: what happened in the list, which is no live region as a whole. */
  readonly announce: (words: string) => void;
  /** What the batch is waiting for, other than the picture in hand; empty for nothing. */
  readonly setWait: (words: string) => void;
  readonly showProblem: (words: string) => void;
}

export function createBatchView(batch: Batch): BatchView {
  const list = element("pictures", HTMLUListElement);
  const count = element("batch-count", HTMLElement);
  const work = element("batch-work", HTMLElement);
  const bar = element("batch-bar", HTMLProgressElement);
  const step = element("batch-step", HTMLElement);
  const problem = element("batch-problem", HTMLElement);
  const announcer = element("announcer", HTMLElement);
  const empty = element("empty", HTMLElement);
  const end = element("batch-end", HTMLElement);
  const heading = element("batch-heading", HTMLElement);
  const items = new Map<string, PictureItem>();
  let wait = "";

  const go = button("batch-go", () => {
    problem.textContent = "";
    batch.start();
    stop.focus();
  });
  const stop = button("batch-stop", () => {
    batch.stop();
    go.focus();
  });
  button("export-json", () => {
    saveFile("captions.json", "application/json", toJson(toRows(batch.pictures)));
  });
  button("export-csv", () => {
    saveFile("captions.csv", "text/csv;charset=utf-8", toCsv(toRows(batch.pictures)));
  });
  listenForRemoveAll(batch, heading);

  const actions = {
    onEdit: (id: string, caption: string) => void batch.edit(id, caption),
    onRetry: (id: string) => void batch.retry(id),
    onRemove(id: string) {
      const row = items.get(id)?.element;
      const neighbour = row?.nextElementSibling ?? row?.previousElementSibling;
      // The focus would be lost with its button.
      (neighbour?.querySelector<HTMLElement>("button:last-child") ?? heading).focus();
      void batch.remove([id]);
    },
  };

  const showItems = (): void => {
    const pictures = [...batch.pictures].sort(byOrder);
    const known = new Set(pictures.map(({ id }) => id));
    for (const [id, item] of items) {
      if (known.has(id)) continue;
      item.dispose();
      items.delete(id);
    }
    for (const picture of pictures) {
      let item = items.get(picture.id);
      if (!item) {
        item = createPictureItem(picture, actions);
        items.set(picture.id, item);
        // New ones come last, in the order of the queue.
        list.append(item.element);
      }
      item.update(picture, picture.id === batch.currentId);
    }
  };

  const show = (): void => {
    showItems();
    const { total, waiting, done, failed } = batch.counts;
    const { isRunning } = batch;
    empty.hidden = total > 0;
    end.hidden = total === 0;
    count.textContent =
      total === 0 ? "" : `${done} of ${total} captioned${failed > 0 ? `, ${failed} failed` : ""}`;
    stop.hidden = !isRunning;
    go.hidden = isRunning || waiting === 0;
    go.textContent = `Caption ${countInWords(waiting, "picture")}`;
    work.hidden = !isRunning;
    bar.max = Math.max(1, total);
    bar.value = done + failed;
    step.textContent =
      batch.currentId === undefined
        ? wait || "Another window of the app is at work"
        : `Picture ${done + failed + 1} of ${total}`;
  };

  return {
    show,
    announce(words) {
      announcer.textContent = words;
    },
    setWait(words) {
      wait = words;
      show();
    },
    showProblem(words) {
      problem.textContent = words;
    },
  };
}

function listenForRemoveAll(batch: Batch, heading: HTMLElement): void {
  const dialog = element("remove-dialog", HTMLDialogElement);
  heading.tabIndex = -1;
  button("remove-all", () => {
    // Else Escape would repeat the last answer.
    dialog.returnValue = "";
    dialog.showModal();
  });
  dialog.addEventListener("close", () => {
    if (dialog.returnValue !== "remove") return;
    heading.focus();
    void batch.remove(batch.pictures.map(({ id }) => id));
  });
}
