/** A page of `bench/page` that has the kit alone: built, served, and opened in a fresh browser for each measurement. */

import { chromium, type Browser, type Page } from "@playwright/test";
import { build, mergeConfig } from "vite";
import { CHROMIUM_ARGS, ensureBrowser } from "../tools/browser.ts";
import { buildTiny, repositoryPath } from "../tools/run.ts";
import pages from "./page/vite.config.ts";
import { startServer } from "./server.ts";

export interface KitPage {
  /** Opens the page in a fresh browser, which is closed afterwards. */
  readonly withPage: <T>(
    options: { readonly isIsolated: boolean },
    use: (page: Page, browser: Browser) => Promise<T>,
  ) => Promise<T>;
}

/**
 * @param name of the page
 * @param isReady the name of what its script puts on `window`
 */
export async function buildKitPage(name: string, isReady: string): Promise<KitPage> {
  await buildTiny("stderr");
  const outDir = repositoryPath(`.cache/bench/${name}`);
  await build(
    mergeConfig(
      { ...pages, build: { ...pages.build, outDir, rolldownOptions: {} } },
      {
        configFile: false,
        logLevel: "error",
        build: { rolldownOptions: { input: repositoryPath(`bench/page/${name}.html`) } },
      },
    ),
  );
  return {
    async withPage({ isIsolated }, use) {
      const server = await startServer({ "/": `${outDir}/` }, { isIsolated });
      const executablePath = ensureBrowser(console.error);
      const browser = await chromium.launch({
        ...(executablePath !== undefined && { executablePath }),
        args: [...CHROMIUM_ARGS],
      });
      try {
        const page = await browser.newPage();
        page.on("pageerror", console.error);
        await page.goto(`http://127.0.0.1:${String(server.port)}/${name}.html`);
        await page.waitForFunction((isReady) => isReady in window, isReady);
        return await use(page, browser);
      } finally {
        await browser.close();
        server.close();
      }
    },
  };
}
