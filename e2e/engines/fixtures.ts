/** Playwright's own fixtures on Firefox or WebKit, for the tests as they are. */

import type { Browser, BrowserContext, Page, TestInfo } from "@playwright/test";
import { findEngines } from "../../tools/engines.ts";
import { CHROMIUM_TAG, type OtherEngine } from "../../tools/tested-engine.ts";
import type { Engine } from "./engine.ts";
import { REFUSE_TO_PERSIST, launchFirefox, WITH_WEBGPU } from "./firefox.ts";
import { LIMIT } from "./limits.ts";
import { toBrowser } from "./page.ts";
import { launchWebKit } from "./webkit.ts";

async function launch(name: OtherEngine, withWebGpu: boolean): Promise<Engine> {
  const { firefox, webkit } = findEngines();
  if (name === "firefox" && firefox !== undefined) {
    return launchFirefox(firefox, { ...REFUSE_TO_PERSIST, ...(withWebGpu && WITH_WEBGPU) });
  }
  if (name === "webkit" && webkit) return launchWebKit(webkit);
  throw new Error(`${name} is not installed. Run: node --import tsx tools/install-engines.ts`);
}

type Use<Value> = (value: Value) => Promise<void>;

/** For `test.extend`. */
export function createEngineFixtures(name: OtherEngine) {
  const browser = async (
    // eslint-disable-next-line no-empty-pattern -- Playwright reads the fixture names from a pattern
    {},
    use: Use<Browser>,
    { project }: { project: { name: string } },
  ) => {
    const browser = toBrowser(await launch(name, project.name.endsWith("-webgpu")));
    console.log(browser.version());
    await use(browser);
    await browser.close();
  };
  return {
    browser: [browser, { scope: "worker", timeout: 180_000 }],
    context: async ({ browser }: { browser: Browser }, use: Use<BrowserContext>) => {
      const context = await browser.newContext();
      await use(context);
      await context.close();
    },
    page: async ({ context }: { context: BrowserContext }, use: Use<Page>) => {
      await use(await context.newPage());
    },
    /** Before any other fixture of a test: one that is not run opens nothing. */
    limits: [
      // eslint-disable-next-line no-empty-pattern -- the same
      async ({}, use: Use<void>, info: TestInfo) => {
        const isLimited = info.tags.some((tag) => tag === CHROMIUM_TAG || tag === `@not-${name}`);
        const reason = info.annotations.find(({ type }) => type === LIMIT)?.description;
        info.skip(isLimited, reason);
        await use();
      },
      { auto: true },
    ],
  } as const;
}
