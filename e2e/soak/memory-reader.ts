/** How much memory a page takes with its workers and their WebAssembly, as the operating system sees it. */

import { readFileSync } from "node:fs";
import type { Page } from "@playwright/test";

interface Processes {
  readonly processInfo: readonly { readonly type: string; readonly id: number }[];
}

/**
 * Returns a function that reads the memory of the page's process, in bytes, after its garbage was collected. The
 * browser's own `measureUserAgentSpecificMemory` leaves out the memory of WebAssembly, which is most of it. It works on
 * Linux, in a browser that has one page.
 */
export async function openMemoryReader(page: Page): Promise<() => Promise<number>> {
  const ofBrowser = await page.context().browser()!.newBrowserCDPSession();
  const ofPage = await page.context().newCDPSession(page);
  return async () => {
    await ofPage.send("HeapProfiler.collectGarbage");
    const { processInfo } = (await ofBrowser.send("SystemInfo.getProcessInfo")) as Processes;
    const bytes = processInfo
      .filter(({ type }) => type === "renderer")
      .map(({ id }) => memoryOf(id));
    // Chromium keeps a spare renderer, which is small.
    return Math.max(...bytes);
  };
}

/** Without what is read from files. Memory that WebAssembly shares with its threads counts as shared. */
function memoryOf(processId: number): number {
  const status = readFileSync(`/proc/${String(processId)}/status`, "utf8");
  const kilobytes = ["RssAnon", "RssShmem"].map((field) =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status)![1]),
  );
  return kilobytes.reduce((sum, one) => sum + one, 0) * 1024;
}
