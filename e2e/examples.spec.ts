/** The five small examples, built as users would build them, do what their first lines say. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures.ts";
import type { TestServer } from "./server/test-server.ts";

const NAMES = ["01-caption", "02-ask", "03-open", "04-watch", "05-offline"] as const;
const MOST_LINES = 30;
/** The model has to load before the first answer. */
const LOADING = { timeout: 90_000 };

const openExample = (page: Page, server: TestServer, name: (typeof NAMES)[number]) =>
  page.goto(`${server.origin}/examples/${name}/index.html`);

for (const name of NAMES) {
  test(`${name} is short`, () => {
    const path = fileURLToPath(new URL(`../examples/${name}/main.ts`, import.meta.url));
    expect(readFileSync(path, "utf8").trimEnd().split("\n").length).toBeLessThanOrEqual(MOST_LINES);
  });
}

test("01-caption shows a caption", async ({ page, server }) => {
  await openExample(page, server, "01-caption");
  await expect(page.getByRole("status")).toContainText("crab", LOADING);
});

test("02-ask answers a question, and another one after it", async ({ page, server }) => {
  await openExample(page, server, "02-ask");
  const output = page.getByRole("status");
  // The button works as soon as the model is loaded. Before that it would open the page anew.
  await page.waitForFunction(() => document.querySelector("form")!.onsubmit !== null);
  await page.getByRole("button", { name: "Ask" }).click();
  await expect(output).toContainText("green", LOADING);
  await page.getByRole("textbox").fill("Describe this image.");
  await page.getByRole("button", { name: "Ask" }).click();
  await expect(output).toContainText("crab");
});

test("03-open answers later questions from what the first one computed", async ({
  page,
  server,
}) => {
  await openExample(page, server, "03-open");
  const answers = page.getByRole("listitem");
  await expect(answers.nth(1)).toHaveAttribute("title", /^\d+ positions reused$/, LOADING);
  await expect(answers.nth(0)).toContainText("crab");
  // The second question finds the image's 16 positions and the beginning of the prompt.
  expect(Number.parseInt((await answers.nth(1).getAttribute("title"))!, 10)).toBeGreaterThan(16);
});

test("04-watch captions what the camera sees", async ({ page, server }) => {
  // A page without a camera: a canvas with a drawing takes its place.
  await page.addInitScript(() => {
    MediaDevices.prototype.getUserMedia = async () => {
      const canvas = Object.assign(document.createElement("canvas"), { width: 256, height: 256 });
      const image = await createImageBitmap(await (await fetch("/scenes/scene-01.png")).blob());
      // In WebKitGTK a stream stands still while its canvas is drawn for each frame.
      setInterval(() => {
        canvas.getContext("2d")!.drawImage(image, 0, 0);
      }, 50);
      return canvas.captureStream();
    };
  });
  await openExample(page, server, "04-watch");
  await page.waitForFunction(() => document.querySelector("button")!.onclick !== null);
  await page.getByRole("button", { name: "Start the camera" }).click();
  await expect(page.getByRole("status")).toHaveText(/^An? .+\.$/, LOADING);
});

test("05-offline makes no request after everything was fetched", async ({ page, server }) => {
  await openExample(page, server, "05-offline");
  await expect(page.getByRole("status")).toContainText("crab", LOADING);
  expect(await page.locator("progress").evaluate((bar: HTMLProgressElement) => bar.value)).toBe(1);
});
