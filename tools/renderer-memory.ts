/** What the pages of a Chromium take. It reads /proc, so it works on Linux only. */

import { readFileSync } from "node:fs";
import type { Browser, Page } from "@playwright/test";

interface Processes {
  readonly processInfo: readonly { readonly type: string; readonly id: number }[];
}

/** What all renderers take together, in bytes. Memory that several of them share counts once; files do not count. */
export async function measureRenderers(browser: Browser, pages: readonly Page[]): Promise<number> {
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
