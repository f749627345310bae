/** What other tests stand on: browsers that die and come back, and pages that freeze. */

import type { Page } from "@playwright/test";
import { expect, freeze, onlyInChromium, test, thaw } from "./fixtures.ts";

/** Lets a worker count in steps of 20 ms, with a Web Lock in its hands. */
async function startTicking(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const source = `
      let ticks = 0;
      navigator.locks.request("ticking", () => new Promise(() => {
        setInterval(() => postMessage(++ticks), 20);
      }));`;
    const worker = new Worker(URL.createObjectURL(new Blob([source])));
    await new Promise<void>((resolve) => {
      worker.onmessage = ({ data }: MessageEvent<number>) => {
        document.body.dataset["ticks"] = String(data);
        resolve();
      };
    });
  });
}

const ticksOf = (page: Page): Promise<number> =>
  page.evaluate(() => Number(document.body.dataset["ticks"]));

test("a killed browser comes back with what it had stored", async ({ launchProfile, server }) => {
  const profile = await launchProfile();
  const page = await profile.context.newPage();
  await page.goto(`${server.origin}/index.html`);
  await page.evaluate(
    () =>
      new Promise<void>((resolve, reject) => {
        const request = indexedDB.open("kept");
        request.onupgradeneeded = () => request.result.createObjectStore("store");
        request.onerror = () => {
          reject(request.error!);
        };
        request.onsuccess = () => {
          const transaction = request.result.transaction("store", "readwrite", {
            durability: "strict",
          });
          transaction.objectStore("store").put("value", "key");
          transaction.oncomplete = () => {
            resolve();
          };
        };
      }),
  );
  await profile.kill();
  expect(profile.context.browser()!.isConnected()).toBe(false);

  await profile.start();
  const again = await profile.context.newPage();
  await again.goto(`${server.origin}/index.html`);
  const value = await again.evaluate(
    () =>
      new Promise((resolve) => {
        const request = indexedDB.open("kept");
        request.onsuccess = () => {
          const get = request.result.transaction("store").objectStore("store").get("key");
          get.onsuccess = () => {
            resolve(get.result);
          };
        };
      }),
  );
  expect(value).toBe("value");
});

test("a frozen page's worker stands still and keeps its lock, until the page thaws", async ({
  launchProfile,
  server,
}) => {
  const { context } = await launchProfile();
  const page = await context.newPage();
  await page.goto(`${server.origin}/index.html`);
  await startTicking(page);
  const other = await context.newPage();
  await other.goto(`${server.origin}/index.html`);

  await freeze(page);
  let before = -1;
  const standsStill = async () => before === (before = await ticksOf(page));
  await expect.poll(standsStill, { intervals: [1000] }).toBe(true);
  const isHeld = await other.evaluate(() =>
    navigator.locks.request("ticking", { ifAvailable: true }, (lock) => lock === null),
  );
  expect(isHeld).toBe(true);

  await thaw(page);
  await expect.poll(() => ticksOf(page)).toBeGreaterThan(before + 10);
});

test(
  "a page that cannot be frozen says so",
  onlyInChromium("It freezes a page, which only Chromium's protocol does."),
  async ({ page, server }) => {
    await page.goto(`${server.origin}/index.html`);
    await expect(freeze(page)).rejects.toThrow("was not frozen");
  },
);
