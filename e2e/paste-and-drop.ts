/** Gives a picture to a page as a person does: out of the clipboard, or dropped on it. */

import type { Page } from "@playwright/test";

/** @param address of the picture; the page gets it as a file with the name `paste.png` or `drop.png` */
export function pasteOrDrop(page: Page, kind: "paste" | "drop", address: string): Promise<void> {
  return page.evaluate(
    async ({ kind, address }) => {
      const data = new DataTransfer();
      const blob = await (await fetch(address)).blob();
      data.items.add(new File([blob], `${kind}.png`, { type: "image/png" }));
      const init = { bubbles: true, cancelable: true };
      const event = kind === "paste" ? new ClipboardEvent(kind, init) : new DragEvent(kind, init);
      // Firefox takes no data for an event that a script makes.
      const name = kind === "paste" ? "clipboardData" : "dataTransfer";
      Object.defineProperty(event, name, { value: data });
      document.body.dispatchEvent(event);
    },
    { kind, address },
  );
}
