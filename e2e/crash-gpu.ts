/** Loses a GPU for real: the process that it is in is crashed. */

import type { Browser, Page } from "@playwright/test";
import { openKit } from "./fixtures.ts";
import type { TestServer } from "./server/test-server.ts";

/** A fresh browser's page, and what ends the process that its GPU is in. After a second crash Chromium has no GPU. */
export async function openKitWithCrashes(
  freshBrowser: Browser,
  server: TestServer,
): Promise<{ readonly page: Page; readonly crashGpu: () => Promise<void> }> {
  const page = await freshBrowser.newPage();
  await openKit(page, server);
  const cdp = await freshBrowser.newBrowserCDPSession();
  const crashGpu = async (): Promise<void> => {
    // The answer never comes when the process that would give it is gone.
    void cdp.send("Browser.crashGpuProcess" as never).catch(() => undefined);
    await page.waitForTimeout(1500);
  };
  return { page, crashGpu };
}
