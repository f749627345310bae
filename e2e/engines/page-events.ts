/** What a page asks a person for: files to choose, and where to save one. */

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { EngineWindow } from "./engine.ts";
import { readFiles, select } from "./locator.ts";
import { DEFAULT_TIMEOUT_MS } from "./page-calls.ts";

const POLL_MS = 50;

async function until(what: string, isThere: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + DEFAULT_TIMEOUT_MS;
  while (!(await isThere())) {
    if (Date.now() > deadline) {
      throw new Error(
        `page.waitForEvent: Timeout ${String(DEFAULT_TIMEOUT_MS)}ms exceeded: ${what}`,
      );
    }
    await wait(POLL_MS);
  }
}

/** Playwright's `FileChooser`, as far as the tests use it. */
export async function waitForFileChooser(window: EngineWindow) {
  await select(
    window,
    (selectors) => {
      selectors.holdFileChooser();
    },
    undefined,
  );
  await until("filechooser", () =>
    select(window, (selectors) => Promise.resolve(selectors.hasFileChooser()), undefined),
  );
  return {
    async setFiles(files: Parameters<typeof readFiles>[0]) {
      const payloads = await readFiles(files);
      await select(
        window,
        (selectors, payloads) => {
          selectors.chooseFiles(payloads);
        },
        payloads,
      );
    },
  };
}

/** Ends while a file is not whole: Firefox and WebKit write it under another name until then. */
const UNFINISHED = /\.(part|wkdownload)$/;

/** Playwright's `Download`, as far as the tests use it. */
export async function waitForDownload(folder: string) {
  const before = new Set(await readdir(folder));
  let file: string | undefined;
  await until("download", async () => {
    const names = await readdir(folder);
    if (names.some((name) => UNFINISHED.test(name))) return false;
    file = names.find((name) => !before.has(name));
    return file !== undefined;
  });
  return { path: () => Promise.resolve(join(folder, file!)) };
}
