/** The installable app in browser tests: how it is opened, fed and read. */

import type { Locator, Page } from "@playwright/test";
import { expect, readScenes, SCENES_FOLDER } from "./fixtures.ts";
import type { TestServer } from "./server/test-server.ts";

// The embedded model takes this one's spider for a tractor.
export const SCENES = readScenes().filter(({ file }) => file !== "scene-03.png");
export const BROKEN = {
  name: "broken.png",
  mimeType: "image/png",
  buffer: Buffer.from("This is no picture."),
};

export const scenePath = (index: number): string => SCENES_FOLDER + SCENES[index]!.file;
export const answerTo = (index: number): string => SCENES[index]!.questions["caption"]!.answer;
export const captionOf = (page: Page, name: string): Locator =>
  page.getByLabel(`Caption of ${name}`);

/** Opens the app and waits until its service worker serves the page. */
export async function openApp(page: Page, server: TestServer, search = ""): Promise<void> {
  await page.goto(`${server.origin}/pwa/index.html${search}`);
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
}

export async function makeAvailableOffline(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Make available offline" }).click();
  await expect(page.getByRole("heading", { name: "Ready offline" })).toBeVisible({
    timeout: 90_000,
  });
}

export async function addScenes(page: Page, ...indices: readonly number[]): Promise<void> {
  await page.locator("#files").setInputFiles(indices.map(scenePath));
}

export async function expectCaption(page: Page, index: number): Promise<void> {
  await expect(captionOf(page, SCENES[index]!.file)).toHaveValue(answerTo(index), {
    timeout: 60_000,
  });
}
