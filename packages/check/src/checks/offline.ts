/** Whether the app opens without a network. */

import type { Check } from "../finding.ts";

export const checkOffline: Check = ({ page, offline: { serviceWorker, reload } }) => {
  if (!page) return [];
  if (serviceWorker === "none") {
    return [
      {
        check: "offline",
        level: "note",
        message: "The app has no service worker, so it does not open without a network.",
        advice: "examples/pwa shows one, with prepareOffline for the model.",
      },
    ];
  }
  if (serviceWorker === "stuck" || !reload) {
    return [
      {
        check: "offline",
        level: "warning",
        message: "The service worker did not become active.",
        advice: "Look at its errors: a file that it wants to keep may be missing.",
      },
    ];
  }
  if (!reload.isShown || reload.failed.length > 0) {
    return [
      {
        check: "offline",
        level: "warning",
        message: reload.isShown
          ? `Without a network ${String(reload.failed.length)} files of the page were missing.`
          : "There is a service worker, but the page does not open without a network.",
        advice: "Keep the page and all that it loads in the service worker's cache.",
        ...(reload.failed.length > 0 && { urls: reload.failed }),
      },
    ];
  }
  return [{ check: "offline", level: "ok", message: "The page opens without a network." }];
};
