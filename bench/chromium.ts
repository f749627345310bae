/** Chromium on an address and a profile that stay the same from run to run: caches belong to both. */

import { readFileSync } from "node:fs";
import { chromium, type BrowserContext, type Page } from "@playwright/test";
import { CHROMIUM_ARGS, ensureBrowser, SOFTWARE_WEBGPU_ARGS } from "../tools/browser.ts";
import type { EngineName } from "./row.ts";

/** Where the pages seem to be; Chromium is told to look on the loopback interface. */
const HOST = "bench.localhost";

/** What draws: nothing but the CPU, the machine's own GPU, or a GPU in software. */
export type Graphics = "none" | "hardware" | "software";

export interface ChromiumOptions {
  readonly port: number;
  readonly graphics: Graphics;
  readonly headed: boolean;
  /** The folder of the profile. */
  readonly profile: string;
}

export interface Chromium {
  readonly version: string;
  /** Opens one engine's page. */
  open(engine: EngineName): Promise<Page>;
  /** The most memory that any one page's process ever held, in bytes; undefined where the system does not tell. */
  peakRendererBytes(): Promise<number | undefined>;
  close(): Promise<void>;
}

export async function openChromium(options: ChromiumOptions): Promise<Chromium> {
  const executablePath = ensureBrowser((line) => {
    if (line.includes("installing")) console.error(line);
  });
  const context = await chromium.launchPersistentContext(options.profile, {
    ...(executablePath !== undefined && { executablePath }),
    headless: !options.headed,
    args: [
      ...CHROMIUM_ARGS,
      ...graphicsArgs(options.graphics),
      `--host-resolver-rules=MAP ${HOST}:80 127.0.0.1:${options.port}`,
    ],
  });
  return {
    version: context.browser()?.version() ?? "unknown",
    async open(engine) {
      const page = await context.newPage();
      page.on("console", (message) => {
        const isWarning = message.text().includes("[W:onnxruntime");
        const isFavicon = message.location().url.endsWith("/favicon.ico");
        if (message.type() === "error" && !isFavicon && !isWarning)
          console.error(`[${engine}] ${message.text()}`);
      });
      await page.goto(`http://${HOST}/${engine}.html`);
      await page.waitForFunction(() => "engine" in window);
      return page;
    },
    peakRendererBytes: () => peakRendererBytes(context),
    close: () => context.close(),
  };
}

function graphicsArgs(graphics: Graphics): readonly string[] {
  if (graphics === "software") return SOFTWARE_WEBGPU_ARGS;
  if (graphics === "none") return [];
  return process.platform === "linux"
    ? ["--enable-unsafe-webgpu", "--enable-features=Vulkan"]
    : ["--enable-unsafe-webgpu"];
}

/** Workers live in their page's process, so the largest renderer is the one that holds the model. */
async function peakRendererBytes(context: BrowserContext): Promise<number | undefined> {
  const session = await context.browser()?.newBrowserCDPSession();
  if (!session || process.platform !== "linux") return undefined;
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  const peaks = processInfo
    .filter(({ type }) => type === "renderer")
    .map(({ id }) => readPeakBytes(id));
  return Math.max(...peaks);
}

/** `VmHWM`: the largest resident size of a process so far. */
function readPeakBytes(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0; // It ended in between.
  }
}
