/** The service worker, and new versions of the app: announced, and taken when the user says so. */

import { Workbox } from "workbox-window";
import { button, element } from "../shared/elements.ts";

// An installed app may stay open for days, and browsers look for a new version at navigations only.
const CHECK_EVERY_MS = 3_600_000;

/** @returns whether the app will start without a network; false where the browser has no service workers */
export async function registerServiceWorker(): Promise<boolean> {
  if (!("serviceWorker" in navigator)) return false;
  const workbox = new Workbox("./service-worker.js");
  const banner = element("update", HTMLElement);
  button("update-now", () => {
    workbox.messageSkipWaiting();
  });
  button("update-later", () => {
    banner.hidden = true;
  });
  workbox.addEventListener("waiting", () => {
    banner.hidden = false;
  });
  // In every page of the app: one that went on with the old files would miss the next that it needs.
  // Nothing is lost: the batch is on disk, and the model in IndexedDB, which no version touches.
  let isControlled = navigator.serviceWorker.controller !== null;
  workbox.addEventListener("controlling", () => {
    if (isControlled) location.reload();
    isControlled = true;
  });
  const gaveUp = new Promise<false>((resolve) => {
    workbox.addEventListener("redundant", () => {
      resolve(false);
    });
  });
  try {
    await workbox.register();
  } catch {
    // Refused: a private window, or a page that is not served securely.
    return false;
  }
  checkNowAndThen(workbox);
  return Promise.race([navigator.serviceWorker.ready.then(() => true), gaveUp]);
}

function checkNowAndThen(workbox: Workbox): void {
  let last = Date.now();
  document.addEventListener("visibilitychange", () => {
    if (document.hidden || !navigator.onLine || Date.now() - last < CHECK_EVERY_MS) return;
    last = Date.now();
    workbox.update().catch(() => undefined);
  });
}
