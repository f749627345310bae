/** Downloads that are interrupted, in every way that a browser knows: nothing that is stored is fetched again. */

import { createHash } from "node:crypto";
import type { BrowserContext, JSHandle, Page } from "@playwright/test";
import type { DownloadProgress, ModelDescriptor } from "@fastvlm-kit/web";
import { expect, notIn, openKit, onlyInChromium, test } from "./fixtures.ts";
import type { TestServer } from "./server/test-server.ts";
import {
  askedShards,
  CAPTION,
  expectToGoOn,
  expectWhole,
  SCENE,
  shardedModel,
  shardsOf,
  storedShards,
  unpinned,
} from "./stored-model.ts";

const KIB = 2 ** 10;
/** Every request is slow, and stands still before its end: no test comes too late to interrupt the download. */
const WITHOUT_END = [
  { path: ".onnx", kind: "slow", bytesPerSecond: 200 * KIB },
  { path: ".onnx", kind: "stall", afterBytes: 280 * KIB },
] as const;

/** A download under way, and everything by which a test or an app can end it. */
interface Loading {
  readonly page: Page;
  readonly worker: JSHandle<Worker>;
  readonly abort: JSHandle<AbortController>;
  readonly outcome: Promise<unknown>;
}

/** Begins to load at a slow server; resolves when some of it is stored. */
async function startLoading(
  page: Page,
  server: TestServer,
  model: ModelDescriptor,
): Promise<Loading> {
  server.faults.push(...WITHOUT_END);
  const abort = await page.evaluateHandle(() => new AbortController());
  const workers = await page.evaluateHandle(() => [] as Worker[]);
  const outcome = page.evaluate(
    ({ model, abort, workers }) =>
      window.kit.failureOf(() =>
        window.kit.observe({
          model,
          device: "wasm",
          signal: abort.signal,
          worker: () => {
            workers.push(window.kit.createWorker());
            return workers.at(-1)!;
          },
        }),
      ),
    { model, abort, workers },
  );
  outcome.catch(() => undefined); // The page may be gone.
  await expect
    .poll(async () => (await storedShards(page, model)).length, { intervals: [50] })
    .toBeGreaterThan(8);
  const worker = await workers.evaluateHandle((all) => all.at(-1)!);
  return { page, worker, abort, outcome };
}

async function nextPage(context: BrowserContext, server: TestServer): Promise<Page> {
  const page = await context.newPage();
  await openKit(page, server);
  return page;
}

const interruptions: Record<string, (loading: Loading) => Promise<void>> = {
  "its worker is terminated": async ({ worker, outcome }) => {
    await worker.evaluate((one) => {
      one.terminate();
    });
    expect(await outcome).toMatchObject({ code: "worker-crashed", details: { phase: "load" } });
  },
  "its signal aborts": async ({ abort, outcome }) => {
    await abort.evaluate((one) => {
      one.abort();
    });
    expect(await outcome).toMatchObject({ name: "AbortError", isDomException: true });
  },
  "its tab is closed": ({ page }) => page.close(),
  "its page crashes": async ({ page }) => {
    const crashed = page.waitForEvent("crash");
    const cdp = await page.context().newCDPSession(page);
    cdp.send("Page.crash").catch(() => undefined); // Never answers.
    await crashed;
  },
};

const CRASHES = "It ends the process of a page, which only Chromium's protocol does to order.";

for (const [what, interrupt] of Object.entries(interruptions)) {
  const details = what === "its page crashes" ? onlyInChromium(CRASHES) : {};
  test(
    `when ${what} in mid-download, the next start fetches only what is missing`,
    details,
    async ({ context, kitPage, server }) => {
      const model = await shardedModel(kitPage, { shardBytes: 64 * KIB });
      const loading = await startLoading(kitPage, server, model);
      await interrupt(loading);
      await expectToGoOn(await nextPage(context, server), server, model);
      const { log } = server;
      const again = log.filter(({ path, range }) => path.endsWith(".onnx") && range!.start > 0);
      // One of them, at least, was asked for its ETag before it was interrupted.
      expect(again.some(({ ifRange }) => ifRange !== undefined)).toBe(true);
    },
  );
}

test("sockets that are cut in mid-shard cost that shard and no start", async ({
  kitPage,
  server,
}) => {
  const model = await shardedModel(kitPage, { shardBytes: 64 * KIB });
  // Each request brings two shards and some of the third. The first six are cut there. The others stand still until the test
  // cuts them, so that the download is not over before the last cut.
  const inThirdShard = { path: ".onnx", afterBytes: 150 * KIB };
  server.faults.push({ ...inThirdShard, kind: "cut", times: 6 });
  server.faults.push({ ...inThirdShard, kind: "stall" });
  const loading = kitPage.evaluate(
    async ({ model, scene }) => {
      const { vlm, metrics } = await window.kit.observe({ model, download: { retryDelayMs: 20 } });
      const retries = metrics.filter(({ name }) => name === "vlm.model.download.retries");
      return { text: (await vlm.caption(scene)).text, retries: retries.length };
    },
    { model, scene: SCENE },
  );
  const stored = new Set<string>();
  for (let cuts = 0; cuts < 3; cuts++) {
    const goal = stored.size + 4;
    await expect
      .poll(async () => (await storedShards(kitPage, model)).length, { intervals: [20] })
      .toBeGreaterThan(goal);
    for (const shard of await storedShards(kitPage, model)) stored.add(shard);
    if (cuts === 2) {
      server.faults.length = 0;
      // Requests that were under way may have asked for what is stored by now.
      server.log.length = 0;
    }
    server.cutAll();
  }
  const { text, retries } = await loading;
  expect(text).toBe(CAPTION);
  expect(retries).toBeGreaterThan(3);
  const asked = askedShards(server, model);
  expect(asked.length).toBeGreaterThan(0);
  expect(asked.filter((shard) => stored.has(shard))).toEqual([]);
  await expectWhole(kitPage, model);
});

test(
  "offline in mid-download: says so, waits, and goes on when the network returns",
  notIn(
    "webkit",
    "It tells the browser that there is no network, which WebKitGTK takes from the machine alone.",
  ),
  async ({ context, kitPage, server }) => {
    const model = await shardedModel(kitPage, { shardBytes: 64 * KIB });
    server.faults.push(...WITHOUT_END);
    const progress = await kitPage.evaluateHandle(() => [] as DownloadProgress[]);
    const loading = kitPage.evaluate(
      async ({ model, progress, scene }) => {
        const onProgress = (one: DownloadProgress) => progress.push(one);
        const download = { retryDelayMs: 20, retries: 3 };
        const { vlm } = await window.kit.observe({ model, onProgress, download });
        return (await vlm.caption(scene)).text;
      },
      { model, progress, scene: SCENE },
    );
    await expect
      .poll(async () => (await storedShards(kitPage, model)).length, { intervals: [50] })
      .toBeGreaterThan(8);
    await context.setOffline(true);
    server.isDown = true;
    server.cutAll();
    await expect.poll(() => progress.evaluate((all) => all.at(-1)!.state)).toBe("retrying");
    // Longer than three retries take where there is a network.
    await kitPage.waitForTimeout(1500);
    const stored = new Set(await storedShards(kitPage, model));
    expect(await progress.evaluate((all) => all.at(-1)!.state)).toBe("retrying");

    server.isDown = false;
    server.faults.length = 0;
    server.log.length = 0;
    await context.setOffline(false);
    // Without the `online` event each request would wait for 30 s.
    await expect.poll(() => server.log.length, { timeout: 20_000 }).toBeGreaterThan(0);
    expect(await loading).toBe(CAPTION);
    expect(askedShards(server, model).filter((shard) => stored.has(shard))).toEqual([]);
    await expectWhole(kitPage, model);
  },
);

test("a paused download asks for nothing, says so, and goes on from there", async ({
  kitPage,
  server,
}) => {
  const model = await shardedModel(kitPage, { shardBytes: 64 * KIB });
  const totalBytes = Object.values(model.files).reduce((sum, { bytes }) => sum + bytes, 0);
  server.faults.push(...WITHOUT_END);
  const control = await kitPage.evaluateHandle(() => new window.kit.DownloadControl());
  const progress = await kitPage.evaluateHandle(() => [] as DownloadProgress[]);
  const loading = kitPage.evaluate(
    async ({ model, control, progress, scene }) => {
      const onProgress = (one: DownloadProgress) => progress.push(one);
      const { vlm } = await window.kit.observe({ model, control, onProgress });
      return (await vlm.caption(scene)).text;
    },
    { model, control, progress, scene: SCENE },
  );
  await expect
    .poll(async () => (await storedShards(kitPage, model)).length, { intervals: [50] })
    .toBeGreaterThan(8);
  await control.evaluate((one) => {
    one.pause();
  });
  await expect.poll(() => progress.evaluate((all) => all.at(-1)!.state)).toBe("paused");
  await expect.poll(() => server.activeRequests).toBe(0);
  const stored = await storedShards(kitPage, model);
  server.log.length = 0;
  await kitPage.waitForTimeout(1500);
  expect(server.log).toEqual([]);
  expect(await storedShards(kitPage, model)).toEqual(stored);

  server.faults.length = 0;
  await control.evaluate((one) => {
    one.resume();
  });
  expect(await loading).toBe(CAPTION);
  const missing = shardsOf(model).filter((shard) => !stored.includes(shard));
  expect(askedShards(server, model).sort()).toEqual(missing.sort());
  const reports = await progress.jsonValue();
  expect(new Set(reports.map((one) => one.totalBytes))).toEqual(new Set([totalBytes]));
  expect(reports.map(({ state }) => state)).toContain("paused");
  expect(reports.at(-1)).toMatchObject({ state: "downloading", loadedBytes: totalBytes });
});

for (const place of ["the page's own", "another"] as const) {
  test(`a file of unknown hashes that changes in mid-download, at ${place} origin, is never mixed`, async ({
    kitPage,
    server,
  }) => {
    const origin = place === "another" ? server.otherOrigin : undefined;
    const pinned = await shardedModel(kitPage, { precision: "fp16", ...(origin && { origin }) });
    const { path, bytes } = await readVision(server, pinned);
    // The file takes two shards. The first one comes, and some of the second.
    server.faults.push({ path, kind: "stall", afterBytes: 4.2 * 2 ** 20 });
    const model = unpinned(pinned);
    const loading = kitPage.evaluate(async (model) => {
      const library = window.kit.openLibrary({ download: { retryDelayMs: 20 } });
      await library.prepareOffline(model);
      await library.dispose();
      const { "onnx/vision_encoder.onnx": sha256 } = await window.kit.stored.hashFiles(model);
      return sha256;
    }, model);
    await expect
      .poll(() => storedShards(kitPage, model), { intervals: [50] })
      .toContain("onnx/vision_encoder.onnx#0");

    const changed = bytes.map((byte, index) => (index === 1000 ? byte ^ 1 : byte));
    server.replace(path, changed);
    server.faults.length = 0;
    server.log.length = 0;
    server.cutAll();
    expect(await loading).toBe(createHash("sha256").update(changed).digest("hex"));

    const [first] = server.log.filter((one) => one.path === path);
    // A server of another origin would first be asked for leave to send `If-Range`, and most refuse.
    expect(first).toMatchObject({ range: { start: 4 * 2 ** 20 }, status: origin ? 206 : 200 });
    expect(first!.ifRange !== undefined).toBe(!origin);
    expect(server.log.filter(({ method }) => method !== "GET")).toEqual([]);
  });
}

async function readVision(
  server: TestServer,
  { files }: ModelDescriptor,
): Promise<{ path: string; bytes: Uint8Array }> {
  const path = new URL(files["onnx/vision_encoder.onnx"]!.url).pathname;
  return { path, bytes: new Uint8Array(await (await fetch(server.origin + path)).arrayBuffer()) };
}
