/**
 * `npm run bench:pool`: how many more pictures a minute two workers caption than one, with the embedded model on WASM. Once
 * on a page that is not cross-origin isolated, where a worker has one thread, and once on an isolated one, where it has
 * several.
 */

import { chromium } from "@playwright/test";
import { build, mergeConfig } from "vite";
import { CHROMIUM_ARGS, ensureBrowser } from "../tools/browser.ts";
import { buildTiny, repositoryPath } from "../tools/run.ts";
import pages from "./page/vite.config.ts";
import type { PoolTimes } from "./page/pool.ts";
import { startServer } from "./server.ts";
import { median, range } from "./statistics.ts";

const CALLS = 32;
const ROUNDS = Number(process.argv[2] ?? 5);

await buildTiny("stderr");
const outDir = repositoryPath(".cache/bench/pool");
await build(
  mergeConfig(
    { ...pages, build: { ...pages.build, outDir, rolldownOptions: {} } },
    {
      configFile: false,
      logLevel: "error",
      build: { rolldownOptions: { input: repositoryPath("bench/page/pool.html") } },
    },
  ),
);
for (const isIsolated of [false, true]) {
  const times = await measure(isIsolated);
  const ratios = times.one.map((ms, round) => ms / times.two[round]!);
  const [least, most] = range(ratios).map((ratio) => ratio.toFixed(2));
  const perSecond = (all: readonly number[]): string => (CALLS / (median(all) / 1000)).toFixed(2);
  console.log(
    `${isIsolated ? "isolated (threads)" : "not isolated (one thread)"}: one worker ${perSecond(times.one)} pictures/s, ` +
      `two ${perSecond(times.two)}; two are ${median(ratios).toFixed(2)} times as fast ` +
      `(${least} to ${most} in ${String(ROUNDS)} rounds of ${String(CALLS)})`,
  );
}

async function measure(isIsolated: boolean): Promise<PoolTimes> {
  const server = await startServer({ "/": `${outDir}/` }, { isIsolated });
  const executablePath = ensureBrowser(console.error);
  const browser = await chromium.launch({
    ...(executablePath !== undefined && { executablePath }),
    args: [...CHROMIUM_ARGS],
  });
  try {
    const page = await browser.newPage();
    page.on("pageerror", console.error);
    await page.goto(`http://127.0.0.1:${String(server.port)}/pool.html`);
    await page.waitForFunction(() => "measurePool" in window);
    return await page.evaluate((request) => window.measurePool(request), {
      calls: CALLS,
      rounds: ROUNDS,
      twoClients: isIsolated,
    });
  } finally {
    await browser.close();
    server.close();
  }
}
