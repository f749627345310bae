/** The installable app: its manifest, its licence card, on a phone and by keyboard. */

import { readFile } from "node:fs/promises";
import { expect, onlyInChromium, test } from "./fixtures.ts";
import { addScenes, BROKEN, captionOf, expectCaption, openApp, scenePath } from "./pwa-app.ts";

test.describe("installing", () => {
  const ASKED = "meets what browsers ask of an app";
  test(
    ASKED,
    onlyInChromium("It asks the browser what it thinks of the manifest."),
    async ({ page, server }) => {
      await openApp(page, server);
      const session = await page.context().newCDPSession(page);
      const { data, errors } = await session.send("Page.getAppManifest");
      expect(errors).toEqual([]);
      const manifest = JSON.parse(data!) as {
        name: string;
        start_url: string;
        display: string;
        icons: { src: string; sizes: string; type: string; purpose?: string }[];
      };
      expect(manifest).toMatchObject({ name: /\w/, start_url: "./", display: "standalone" });
      for (const { src, sizes, type } of manifest.icons) {
        const response = await page.request.get(`${server.origin}/pwa/${src}`);
        const png = await response.body();
        expect(response.headers()["content-type"]).toBe(type);
        // Width and height in the header of a PNG.
        expect(`${png.readUInt32BE(16)}x${png.readUInt32BE(20)}`).toBe(sizes);
      }
      expect(manifest.icons.map(({ sizes, purpose }) => `${sizes} ${purpose ?? "any"}`)).toEqual([
        "192x192 any",
        "512x512 any",
        "512x512 maskable",
      ]);
      const { installabilityErrors } = await session.send("Page.getInstallabilityErrors");
      const ids = installabilityErrors.map(({ errorId }) => errorId);
      // Every page of these tests is in a private window.
      expect(ids.filter((id) => id !== "in-incognito")).toEqual([]);
    },
  );

  test("offers to install where the browser does, once", async ({ page, server }) => {
    await openApp(page, server);
    const install = page.getByRole("button", { name: "Install the app" });
    await expect(install).toBeHidden();
    await page.evaluate(() => {
      const event = new Event("beforeinstallprompt", { cancelable: true });
      const prompt = (): Promise<void> => {
        document.title = "prompted";
        return Promise.resolve();
      };
      window.dispatchEvent(Object.assign(event, { prompt }));
    });
    await install.click();
    await expect(page).toHaveTitle("prompted");
    await expect(install).toBeHidden();
  });
});

test("offers SmolVLM first for photos, and fetches nothing of it before it is taken", async ({
  page,
  server,
}) => {
  await page.context().route(/huggingface\.co/, (route) => route.abort());
  const asked: string[] = [];
  page.context().on("request", (request) => {
    if (request.url().includes("huggingface")) asked.push(request.url());
  });
  await openApp(page, server);
  await page.getByRole("link", { name: "A model for photos" }).click();
  await expect(
    page.getByRole("radio", { name: /^SmolVLM-256M 263 MB · Apache-2.0/ }),
  ).toBeChecked();
  await expect(page.locator("#photos-facts")).toContainText("one tile of 512 × 512 pixels");
  await addScenes(page, 0);
  await expect(page.locator("#batch-problem")).toContainText("choose a model");
  expect(asked).toEqual([]);

  await page.getByRole("button", { name: "Use it" }).click();
  await expect(page.getByRole("heading", { name: "SmolVLM-256M", exact: true })).toBeVisible();
  await expect.poll(() => asked[0]).toContain("/HuggingFaceTB/SmolVLM-256M-Instruct/resolve/");
  // Remembered, and offered to be changed.
  await page.goto(`${server.origin}/pwa/`);
  await page.getByRole("link", { name: "Another model for photos" }).click();
  await expect(page.getByRole("button", { name: "Use it" })).toBeEnabled();
});

test("shows the licence of FastVLM-0.5B before anything of it is fetched", async ({
  page,
  server,
}) => {
  await page.context().route(/huggingface\.co/, (route) => route.abort());
  const asked: string[] = [];
  page.context().on("request", (request) => asked.push(request.url()));
  await openApp(page, server, "?model=fastvlm-0.5b");
  await expect(page.getByRole("link", { name: "whole licence" })).toHaveAttribute(
    "href",
    /LICENSE$/,
  );
  await addScenes(page, 0);
  await expect(page.locator("#batch-problem")).toContainText("choose a model");
  expect(asked.filter((url) => url.includes("huggingface"))).toEqual([]);

  const use = page.getByRole("button", { name: "Use it" });
  await expect(use).toBeDisabled();
  await page.getByRole("checkbox").check();
  await use.click();
  await expect.poll(() => asked.some((url) => url.includes("huggingface"))).toBe(true);
  // Remembered, for the installed app starts without the choice in its address.
  await page.goto(`${server.origin}/pwa/`);
  await expect(page.getByRole("heading", { name: "FastVLM-0.5B", exact: true })).toBeVisible();
  await expect(page.getByRole("checkbox")).toBeHidden();
  await page.getByRole("link", { name: "Back to the embedded model" }).click();
  await expect(page.getByRole("heading", { name: "Drawings, not photos" })).toBeVisible();
  await expectCaption(page, 0);
});

test("fits a phone: no sideways scrolling, and targets that a thumb can hit", async ({
  page,
  server,
}) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await openApp(page, server);
  const name = `${"w".repeat(200)}.png`;
  const buffer = await readFile(scenePath(0));
  await page.locator("#files").setInputFiles([{ name, mimeType: "image/png", buffer }, BROKEN]);
  await expect(page.getByText("1 of 2 captioned, 1 failed")).toBeVisible({ timeout: 60_000 });
  await captionOf(page, name).fill("w".repeat(300));
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
  const targets = page.locator("button:visible, input:visible, textarea:visible, a:visible");
  const small = await targets.evaluateAll((all) =>
    all
      .filter((target) => {
        const { width, height } = target.getBoundingClientRect();
        return width < 44 || height < 44;
      })
      .map(({ id, textContent }) => id || textContent),
  );
  expect(small).toEqual([]);
});

test("works with the keyboard alone", async ({ page, server }) => {
  await openApp(page, server);
  await expect(page.getByRole("button", { name: "Make available offline" })).toBeVisible();
  await page.keyboard.press("Tab");
  await expect(page.getByRole("button", { name: "Make available offline" })).toBeFocused();
  const chooser = page.waitForEvent("filechooser");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await (await chooser).setFiles([scenePath(0)]);
  await expectCaption(page, 0);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await expect(page.getByRole("radio", { name: "Brief" })).toBeFocused();
  await page.keyboard.press("ArrowRight");
  await expect(page.getByRole("radio", { name: "Detailed" })).toBeChecked();
});
