/**
 * `npm run bench:pool [ROUNDS] [PICTURES]`: how many more pictures a minute two workers caption than one, with the embedded
 * model on WASM. Once on a page that is not cross-origin isolated, where a worker has one thread, and once on an isolated
 * one, where it has several. It also says how long calls and starts take, which the simulator of
 * `packages/web/test/simulate` computes with, and on Linux what workers take of memory.
 */

import { platform } from "node:os";
import { measureRenderers } from "../tools/renderer-memory.ts";
import { buildKitPage } from "./kit-page.ts";
import type { PoolTimes } from "./page/pool.ts";
import { median, range } from "./statistics.ts";

const ROUNDS = Number(process.argv[2] ?? 5);
/** At the end of a batch one worker may have nothing to do. In a short batch that counts for more. */
const CALLS = Number(process.argv[3] ?? 128);

const { withPage } = await buildKitPage("pool", "measurePool");
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
  const { calls, starts } = times;
  console.log(`  a call with one worker: ${spreadOf(calls.one)}; with two: ${spreadOf(calls.two)}`);
  if (starts.length > 0) console.log(`  a further worker starts in ${spreadOf(starts)}`);
}

/** The deciles, in milliseconds. */
function spreadOf(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number): string => sorted[Math.round(share * (sorted.length - 1))]!.toFixed(0);
  return `${[0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1].map(at).join(" ")} ms`;
}

if (platform() === "linux") await reportMemory();

function measure(isIsolated: boolean): Promise<PoolTimes> {
  return withPage({ isIsolated }, (page) =>
    page.evaluate((request) => window.measurePool(request), {
      calls: CALLS,
      rounds: ROUNDS,
      twoClients: isIsolated,
    }),
  );
}

/** What the page takes without a model, with one worker and with two, each time in a fresh browser. */
async function reportMemory(): Promise<void> {
  const sizes: number[] = [];
  for (const workers of [0, 1, 2]) {
    const bytes = await withPage({ isIsolated: false }, async (page, browser) => {
      await page.evaluate((count) => (count > 0 ? window.keepPool(count) : undefined), workers);
      return measureRenderers(browser, [page]);
    });
    sizes.push(bytes / 1e6);
  }
  const [empty = NaN, one = NaN, two = NaN] = sizes;
  console.log(
    `memory of the page: ${empty.toFixed(0)} MB without a model; the first worker adds ${(one - empty).toFixed(0)} MB, ` +
      `the second ${(two - one).toFixed(0)} MB`,
  );
}
