/**
 * `npm run soak -- --minutes 60`: drives the embedded model in Chromium with mixed calls at a steady rate, while workers are
 * killed, the GPU is lost, images are damaged, calls are given up, and more calls come than may wait. Prints a report, and
 * fails if a goal is missed.
 */

import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { chromium } from "@playwright/test";
import { build } from "vite";
import { CHROMIUM_ARGS, ensureBrowser, SOFTWARE_WEBGPU_ARGS } from "../../tools/browser.ts";
import type { SoakReport } from "../harness/soak.ts";
import type { Sample } from "../../tools/soak/slope.ts";
import { openMemoryReader } from "./memory-reader.ts";
import { startTestServer } from "../server/test-server.ts";
import { summarize, toMarkdown } from "./summary.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "3" },
    /** Computed calls a second. */
    rate: { type: "string", default: "1" },
    /** Where the report is written as Markdown, besides the terminal. */
    out: { type: "string" },
    /** Where every number is written as JSON. */
    json: { type: "string" },
    /** Without a software GPU there is none to be lost. */
    gpu: { type: "boolean", default: false },
  },
});
const minutes = Number(values.minutes);
const computedPerSecond = Number(values.rate);
if (!(minutes > 0 && computedPerSecond > 0)) {
  throw new TypeError("--minutes and --rate are numbers above 0.");
}

await build({ configFile: here("../harness/vite.config.ts"), logLevel: "error" });
const executablePath = ensureBrowser((line) => {
  console.error(line);
});
const server = await startTestServer({
  isolated: true,
  folders: { "/": here("../../.cache/e2e/pages/"), "/scenes/": here("../fixtures/scenes/") },
});
const browser = await chromium.launch({
  args: [...CHROMIUM_ARGS, ...(values.gpu ? SOFTWARE_WEBGPU_ARGS : [])],
  ...(executablePath !== undefined && { executablePath }),
});
try {
  const page = await browser.newPage();
  // The software adapter would be turned down as one.
  await page.addInitScript({
    content: `if ("GPUAdapterInfo" in window)
      Object.defineProperty(GPUAdapterInfo.prototype, "isFallbackAdapter", { get: () => false });`,
  });
  await page.goto(`${server.origin}/index.html`);
  await page.waitForFunction(() => "kit" in window);
  const soak = await page.evaluateHandle((options) => window.kit.startSoak(options), {
    computedPerSecond,
    rememberedPerSecond: 120,
    killEveryMs: 47_000,
    burstEveryMs: 61_000,
    scenes: [1, 2, 3, 4, 5, 6].map((scene) => `/scenes/scene-0${String(scene)}.png`),
  });
  const cdp = await browser.newBrowserCDPSession();
  const readMemory = await openMemoryReader(page);
  const memory: Sample[] = [];
  const lossesOfGpu = values.gpu ? [0.25, 0.5] : [];
  const startedAt = Date.now();
  for (let part = 0; part < 1; part = (Date.now() - startedAt) / (minutes * 60_000)) {
    await page.waitForTimeout(Math.min(5_000, minutes * 60_000 * (1 - part) + 1));
    memory.push([(Date.now() - startedAt) / 60_000, await readMemory()]);
    const { pending, made, isOnGpu } = await soak.evaluate((running) => running.progress());
    // While a worker starts there is no GPU to be lost.
    if (isOnGpu && lossesOfGpu[0] !== undefined && part >= lossesOfGpu[0]) {
      lossesOfGpu.shift();
      // The answer never comes when the process that would give it is gone.
      void cdp.send("Browser.crashGpuProcess" as never).catch(() => undefined);
    }
    console.error(
      `${((Date.now() - startedAt) / 60_000).toFixed(1)} min: ${made} calls, ${pending} run or wait`,
    );
  }
  const seconds = (Date.now() - startedAt) / 1000;
  const report: SoakReport = await soak.evaluate((running) => running.stop());
  const summary = summarize(report, memory, seconds);
  const text = toMarkdown(summary, {
    minutes,
    device: report.device,
    browser: `Chromium ${browser.version()}`,
    processor: `${cpus()[0]?.model ?? "unknown"}, ${String(cpus().length)} cores`,
  });
  console.log(text);
  if (values.out !== undefined) writeFileSync(values.out, text);
  if (values.json !== undefined)
    writeFileSync(values.json, JSON.stringify({ summary, memory, report }));
  process.exitCode = summary.goals.every(({ isReached }) => isReached) ? 0 : 1;
} finally {
  await browser.close();
  await server.close();
}
