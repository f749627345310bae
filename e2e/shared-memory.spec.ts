/** What five tabs with one model take, with `share: "tabs"` and without. It reads /proc, so it works on Linux only. */

import { readFileSync } from "node:fs";
import type { Browser, BrowserContext, Page } from "@playwright/test";
import { EXHAUSTIVE_TAG } from "../tools/exhaustive.ts";
import { expect, openKit, test } from "./fixtures.ts";
import { CAPTION, SCENE } from "./stored-model.ts";
import type { TestServer } from "./server/test-server.ts";

const MIB = 2 ** 20;
const TABS = 5;

interface Processes {
  readonly processInfo: readonly { readonly type: string; readonly id: number }[];
}

/** What all renderers take together, in bytes. Memory that several of them share counts once; files do not count. */
async function measure(browser: Browser, pages: readonly Page[]): Promise<number> {
  for (const page of pages) {
    const session = await page.context().newCDPSession(page);
    await session.send("HeapProfiler.collectGarbage");
    await session.detach();
  }
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = (await session.send("SystemInfo.getProcessInfo")) as Processes;
  await session.detach();
  const sizes = processInfo
    .filter(({ type }) => type === "renderer")
    .map(({ id }) => {
      const rollup = readFileSync(`/proc/${String(id)}/smaps_rollup`, "utf8");
      const kilobytes = ["Pss_Anon", "Pss_Shmem"].map((field) =>
        Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(rollup)![1]),
      );
      return kilobytes.reduce((sum, one) => sum + one, 0) * 1024;
    });
  return sizes.reduce((sum, one) => sum + one, 0);
}

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
      async ({ scene, share }) => {
        const { vlm } = await window.kit.observe({ device: "wasm", ...(share && { share }) });
        Object.assign(window, { vlm }); // It stays.
        return (await vlm.caption(scene, { cache: false })).text;
      },
      { scene: SCENE, share },
    );
    expect(text).toBe(CAPTION);
    pages.push(page);
  }
  return pages;
}

test(
  "five tabs with one model take at most 1.15 times what one tab takes for it",
  { tag: EXHAUSTIVE_TAG },
  async ({ playwright, launchOptions, server }) => {
    test.setTimeout(300_000);
    const measureFresh = async (
      open: (context: BrowserContext) => Promise<Page[]>,
    ): Promise<number> => {
      const browser = await playwright.chromium.launch(launchOptions);
      const pages = await open(await browser.newContext());
      const bytes = await measure(browser, pages);
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
