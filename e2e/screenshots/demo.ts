/**
 * Takes the pictures of the demo for the README: builds it, opens it in a browser and waits for the
 * first caption. Run with `node --import tsx e2e/screenshots/demo.ts`.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium, type Browser } from "@playwright/test";
import { build } from "vite";
import { startTestServer } from "../server/test-server.ts";
import { CHROMIUM_ARGS, ensureBrowser } from "../../tools/browser.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const SHOTS = [
  { file: "screenshot.png", width: 1280, height: 900 },
  { file: "screenshot-phone.png", width: 390, height: 844 },
] as const;

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const folder = await mkdtemp(join(tmpdir(), "fastvlm-demo-"));
try {
  await build({
    configFile: here("../../vite.config.ts"),
    base: "./",
    logLevel: "warn",
    build: { outDir: folder, emptyOutDir: true },
  });
  await takeAll(folder);
} finally {
  await rm(folder, { recursive: true });
}

async function takeAll(built: string): Promise<void> {
  const server = await startTestServer({ isolated: true, folders: { "/": `${built}/` } });
  const executablePath = ensureBrowser(say);
  const browser = await chromium.launch({
    args: [...CHROMIUM_ARGS],
    ...(executablePath !== undefined && { executablePath }),
  });
  try {
    for (const shot of SHOTS) await take(browser, server.origin, shot);
  } finally {
    await browser.close();
    await server.close();
  }
}

async function take(
  browser: Browser,
  origin: string,
  { file, width, height }: (typeof SHOTS)[number],
): Promise<void> {
  // A context of its own has an empty cache: the times shown are of a real answer.
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: "light" });
  const page = await context.newPage();
  await page.goto(`${origin}/index.html`);
  await page.locator("#timings tr").first().waitFor({ timeout: 120_000 });
  await page.screenshot({ path: here(`../../examples/demo/${file}`) });
  await context.close();
  say(`Wrote ${file}`);
}
