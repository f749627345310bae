/** The button that installs the app, where the browser lets a page offer it. */

import { button } from "../shared/elements.ts";

/** Not in TypeScript's library: https://wicg.github.io/manifest-incubations/#beforeinstallpromptevent-interface */
interface InstallPromptEvent extends Event {
  prompt(): Promise<unknown>;
}

export function offerInstall(): void {
  let offer: InstallPromptEvent | undefined;
  const install = button("install", () => {
    // An offer can be made once.
    install.hidden = true;
    void offer?.prompt();
  });
  window.addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault();
    offer = event as InstallPromptEvent;
    install.hidden = false;
  });
  window.addEventListener("appinstalled", () => {
    install.hidden = true;
  });
}
