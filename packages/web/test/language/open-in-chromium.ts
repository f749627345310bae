/** Measures a decoder in a worker of a page of Chromium, on WebGPU or on WASM with threads. */

import { join } from "node:path";
import { chromium } from "@playwright/test";
import { createServer } from "vite";
import type { Device } from "../../src/protocol/model-descriptor.ts";
import type { Measurer } from "./measurer.ts";
import { TINY_VISION } from "./open-in-node.ts";
import { VISION, type Dtype } from "./open-runtime.ts";

const REPOSITORY = join(import.meta.dirname, "../../../..");

export interface ChromiumPlace {
  readonly folder: string;
  readonly device: Device;
  readonly dtype: Dtype;
  readonly threads: number;
  /** Arguments of Chromium that choose its GPU. */
  readonly args: readonly string[];
}

export async function openInChromium(place: ChromiumPlace): Promise<Measurer> {
  const { folder, device, dtype, threads, args } = place;
  const server = await createServer({
    configFile: join(REPOSITORY, "vite.config.ts"),
    root: join(import.meta.dirname, "page"),
    cacheDir: join(REPOSITORY, ".cache/language/vite", String(process.pid)),
    server: { host: "127.0.0.1", hmr: false, watch: null },
    logLevel: "error",
  });
  await server.listen();
  const executablePath = process.env["CHROME_PATH"];
  const browser = await chromium.launch({
    ...(executablePath !== undefined && { executablePath }),
    args: ["--no-sandbox", ...args],
  });
  const close = async (): Promise<void> => {
    await browser.close();
    await server.close();
  };
  try {
    const page = await browser.newPage();
    page.on("console", (message) => {
      console.error(`[page] ${message.text()}`);
    });
    await page.goto(server.resolvedUrls!.local[0]!);
    await page.waitForFunction(() => "measurer" in window);
    const files = { device, dtype, threads, folder: join(REPOSITORY, folder) };
    const urls = { [VISION]: `/@fs${TINY_VISION}` };
    console.log(await page.evaluate((given) => window.measurer.open(given), { ...files, urls }));
    return {
      measure: (...work) => page.evaluate((given) => window.measurer.measure(...given), work),
      measureSpeed: (...work) =>
        page.evaluate((given) => window.measurer.measureSpeed(...given), work),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
