/**
 * Whether the browser has frozen this tab. Its workers stand still then, and so do its timers, but Chromium still delivers
 * messages and locks to the page.
 */

let isFrozen = false;
let resumed = Promise.resolve();
let resume = (): void => undefined;

if ("document" in globalThis) {
  document.addEventListener("freeze", () => {
    isFrozen = true;
    resumed = new Promise((resolve) => {
      resume = resolve;
    });
  });
  document.addEventListener("resume", () => {
    isFrozen = false;
    resume();
  });
}

export function isTabFrozen(): boolean {
  return isFrozen;
}

/** Resolves at once unless the tab is frozen. */
export function whenNotFrozen(): Promise<void> {
  return resumed;
}
