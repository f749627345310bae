/** What five tabs with one model take, with `share: "tabs"` and without. It reads /proc, so it works on Linux only. */

import type { BrowserContext, Page } from "@playwright/test";
import { EXHAUSTIVE_TAG } from "../tools/exhaustive.ts";
import { measureRenderers } from "../tools/renderer-memory.ts";
import { expect, onlyInChromium, openKit, test } from "./fixtures.ts";
import { CAPTION, SCENE } from "./stored-model.ts";
import type { TestServer } from "./server/test-server.ts";

const MIB = 2 ** 20;
const TABS = 5;

/** The calls of all tabs together: a worker that has answered more calls takes more, whoever made them. */
const CALLS = 10;

async function openTabs(
  context: BrowserContext,
  server: TestServer,
  count: number,
  share: "tabs" | undefined,
): Promise<Page[]> {
  const pages: Page[] = [];
  for (let tab = 0; tab < count; tab++) {
    const page = await context.newPage();
    await openKit(page, server);
    const text = await page.evaluate(
      async ({ scene, share, calls }) => {
        const { vlm } = await window.kit.observe({ device: "wasm", ...(share && { share }) });
        Object.assign(window, { vlm }); // It stays.
        let text = "";
        for (let call = 0; call < calls; call++) {
          ({ text } = await vlm.caption(scene, { cache: false }));
        }
        return text;
      },
      { scene: SCENE, share, calls: CALLS / count },
    );
    expect(text).toBe(CAPTION);
    pages.push(page);
  }
  return pages;
}

test(
  "five tabs with one model take at most 1.15 times what one tab takes for it",
  onlyInChromium("It measures the processes of Chromium.", EXHAUSTIVE_TAG),
  async ({ playwright, launchOptions, server }) => {
    test.setTimeout(300_000);
    const measureFresh = async (
      open: (context: BrowserContext) => Promise<Page[]>,
    ): Promise<number> => {
      const browser = await playwright.chromium.launch(launchOptions);
      const pages = await open(await browser.newContext());
      const bytes = await measureRenderers(browser, pages);
      await browser.close();
      return bytes;
    };
    const openEmpty = (count: number) => async (context: BrowserContext) => {
      const pages: Page[] = [];
      for (let tab = 0; tab < count; tab++) {
        const page = await context.newPage();
        await openKit(page, server);
        pages.push(page);
      }
      return pages;
    };
    const one = await measureFresh((context) => openTabs(context, server, 1, "tabs"));
    const five = await measureFresh((context) => openTabs(context, server, TABS, "tabs"));
    const alone = await measureFresh((context) => openTabs(context, server, TABS, undefined));
    const emptyOne = await measureFresh(openEmpty(1));
    const emptyFive = await measureFresh(openEmpty(TABS));
    const model = one - emptyOne;
    const shared = five - emptyFive;
    const numbers = { one, five, alone, emptyOne, emptyFive, model, shared };
    const inMiB = Object.entries(numbers).map(
      ([name, bytes]) => `${name} ${Math.round(bytes / MIB)}`,
    );
    console.log(`MiB: ${inMiB.join(", ")}; ratio ${(shared / model).toFixed(2)}`);
    expect(shared / model).toBeLessThan(1.15);
  },
);
