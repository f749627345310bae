/**
 * Takes the pictures of the app for its README: builds it, opens it in a browser, makes it
 * independent of the network and lets it caption. Run with
 * `node --import tsx e2e/screenshots/pwa.ts [FOLDER]`: into another folder it takes all
 * there are, to look at.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "@playwright/test";
import { build } from "vite";
import { startTestServer, type TestServer } from "../server/test-server.ts";
import { CHROMIUM_ARGS, ensureBrowser } from "../../tools/browser.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const PHONE = { width: 390, height: 844 };
const DESKTOP = { width: 1280, height: 900 };

interface Shot {
  readonly file: string;
  readonly context: BrowserContextOptions;
  readonly prepare: (page: Page, server: TestServer) => Promise<void>;
  readonly isForReadme?: boolean;
}

const SHOTS: readonly Shot[] = [
  {
    file: "screenshot.png",
    context: { viewport: DESKTOP, colorScheme: "light" },
    prepare: work,
    isForReadme: true,
  },
  {
    file: "screenshot-phone.png",
    context: { viewport: PHONE, colorScheme: "light" },
    prepare: work,
    isForReadme: true,
  },
  { file: "phone-dark.png", context: { viewport: PHONE, colorScheme: "dark" }, prepare: work },
  { file: "desktop-dark.png", context: { viewport: DESKTOP, colorScheme: "dark" }, prepare: work },
  { file: "phone-first.png", context: { viewport: PHONE }, prepare: open },
  { file: "desktop-first.png", context: { viewport: DESKTOP }, prepare: open },
  { file: "phone-download.png", context: { viewport: PHONE }, prepare: download },
  { file: "phone-license.png", context: { viewport: PHONE }, prepare: showLicense },
];

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const target = process.argv[2];
const folder = await mkdtemp(join(tmpdir(), "fastvlm-pwa-"));
try {
  await build({
    configFile: here("../../examples/pwa/vite.config.ts"),
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
    for (const shot of SHOTS) {
      if (target !== undefined || shot.isForReadme) await take(browser, server, shot);
    }
  } finally {
    await browser.close();
    await server.close();
  }
}

async function take(browser: Browser, server: TestServer, shot: Shot): Promise<void> {
  const context = await browser.newContext({ ...shot.context, baseURL: server.origin });
  const page = await context.newPage();
  await shot.prepare(page, server);
  const isWhole = shot.isForReadme !== true;
  await page.screenshot({
    path: target === undefined ? here(`../../examples/pwa/${shot.file}`) : join(target, shot.file),
    fullPage: isWhole,
  });
  await context.close();
  say(`Took ${shot.file}`);
}

async function open(page: Page): Promise<void> {
  await page.goto("/index.html");
  await page.getByRole("button", { name: "Make available offline" }).waitFor();
}

async function work(page: Page): Promise<void> {
  await open(page);
  await page.getByRole("button", { name: "Make available offline" }).click();
  await page.getByRole("heading", { name: "Ready offline" }).waitFor({ timeout: 120_000 });
  await page.getByRole("button", { name: "Try it with three drawings" }).click();
  await page.getByText("3 of 3 captioned").waitFor({ timeout: 120_000 });
  await page.locator("#files").setInputFiles({
    name: "half-a-picture.png",
    mimeType: "image/png",
    buffer: Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
  });
  await page.getByText("1 failed").waitFor({ timeout: 60_000 });
  await page.evaluate(() => {
    window.scrollTo(0, 0);
  });
  await page.mouse.move(0, 0);
  await page.waitForTimeout(300);
}

async function download(page: Page, server: TestServer): Promise<void> {
  server.faults.push({ path: "vision_encoder", kind: "slow", bytesPerSecond: 400_000 });
  await open(page);
  await page.getByRole("button", { name: "Make available offline" }).click();
  await page.getByText(/left$/).waitFor({ timeout: 60_000 });
}

async function showLicense(page: Page): Promise<void> {
  await page.goto("/index.html?model=fastvlm-0.5b");
  await page.getByRole("checkbox").waitFor();
}
