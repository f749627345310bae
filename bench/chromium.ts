/** Chromium on an address and a profile that stay the same from run to run: caches belong to both. */

import { readFileSync } from "node:fs";
import { chromium, type BrowserContext, type Page } from "@playwright/test";
import {
  CHROMIUM_ARGS,
  ensureBrowser,
  HARDWARE_WEBGPU_ARGS,
  SOFTWARE_WEBGPU_ARGS,
} from "../tools/browser.ts";
import type { EngineName } from "./row.ts";

/** Where the pages seem to be; Chromium is told to look on the loopback interface. */
const HOST = "bench.localhost";

/** What draws: nothing but the CPU, the machine's own GPU, or a GPU in software. */
export type Graphics = "none" | "hardware" | "software";

export interface ChromiumOptions {
  readonly port: number;
  readonly graphics: Graphics;
  readonly headed: boolean;
  /** Beside the bench's own arguments. */
  readonly args: readonly string[];
  /** The folder of the profile. */
  readonly profile: string;
}

export interface Chromium {
  readonly version: string;
  /** Opens one engine's page. */
  open(engine: EngineName): Promise<Page>;
  /** The most memory that any one page's process ever held, in bytes; undefined where the system does not tell. */
  peakRendererBytes(): Promise<number | undefined>;
  /** Time that all pages' processes have spent on the CPU so far, all threads together, in milliseconds. */
  rendererCpuMs(): Promise<number>;
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
      ...options.args,
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
    async rendererCpuMs() {
      const renderers = await listRenderers(context);
      return renderers.reduce((sum, { cpuTime }) => sum + cpuTime * 1000, 0);
    },
    close: () => context.close(),
  };
}

function graphicsArgs(graphics: Graphics): readonly string[] {
  if (graphics === "software") return SOFTWARE_WEBGPU_ARGS;
  return graphics === "none" ? [] : HARDWARE_WEBGPU_ARGS;
}

/** Workers live in their page's process, so the largest renderer is the one that holds the model. */
async function peakRendererBytes(context: BrowserContext): Promise<number | undefined> {
  if (process.platform !== "linux") return undefined;
  const renderers = await listRenderers(context);
  return Math.max(...renderers.map(({ id }) => readPeakBytes(id)));
}

async function listRenderers(context: BrowserContext) {
  const session = await context.browser()?.newBrowserCDPSession();
  if (!session) return [];
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  return processInfo.filter(({ type }) => type === "renderer");
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
