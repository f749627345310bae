/** Debian's Firefox over WebDriver BiDi, which puppeteer speaks. */

import { launch } from "puppeteer-core";
import type { Engine, EnginePage } from "./engine.ts";

/** No traffic of the browser's own. */
const QUIET = {
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
};

export async function launchFirefox(executablePath: string): Promise<Engine> {
  const browser = await launch({
    browser: "firefox",
    executablePath,
    headless: true,
    timeout: 60_000,
    protocolTimeout: 180_000,
    extraPrefsFirefox: QUIET,
  });
  return {
    version: await browser.version(),
    async openFreshPage(): Promise<EnginePage> {
      const context = await browser.createBrowserContext();
      const page = await context.newPage();
      return {
        async goto(url) {
          await page.goto(url);
        },
        evaluate: (work, argument) => page.evaluate(work as never, argument),
        close: () => context.close(),
      };
    },
    close: () => browser.close(),
  };
}
