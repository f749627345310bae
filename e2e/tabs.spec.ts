/** Several tabs at once: one of them downloads for all, and another takes over when it ends or stands still. */

import type { BrowserContext, JSHandle, Page } from "@playwright/test";
import type { DownloadProgress, ModelDescriptor } from "@fastvlm-kit/web";
import { EXHAUSTIVE_TAG } from "../tools/exhaustive.ts";
import { crash, expect, freeze, onlyInChromium, openKit, test, thaw } from "./fixtures.ts";
import type { TestServer } from "./server/test-server.ts";
import {
  askedShards,
  CAPTION,
  expectWhole,
  SCENE,
  shardedModel,
  shardsOf,
  storedShards,
} from "./stored-model.ts";

const KIB = 2 ** 10;
/** So slow that a download is not over before a test has done what it has to, on a busy machine too. */
const SLOW = { path: ".onnx", kind: "slow", bytesPerSecond: 100 * KIB } as const;

/** A tab that loads the model and captions the scene. */
interface Tab {
  readonly page: Page;
  readonly progress: JSHandle<DownloadProgress[]>;
  readonly text: Promise<string>;
}

async function openTabs(
  context: BrowserContext,
  server: TestServer,
  count: number,
): Promise<Page[]> {
  const pages: Page[] = [];
  for (let index = 0; index < count; index++) {
    const page = await context.newPage();
    await openKit(page, server);
    pages.push(page);
  }
  return pages;
}

async function load(
  page: Page,
  model: ModelDescriptor,
  { fault = "", takeOverAfterMs = 10_000 } = {},
): Promise<Tab> {
  const progress = await page.evaluateHandle(() => [] as DownloadProgress[]);
  const text = page.evaluate(
    async ({ model, progress, scene, fault, takeOverAfterMs }) => {
      const { vlm } = await window.kit.observe({
        model,
        onProgress: (one) => progress.push(one),
        download: { takeOverAfterMs },
        worker: () => window.kit.createFaultyWorker(fault),
      });
      return (await vlm.caption(scene, { cache: false })).text;
    },
    { model, progress, scene: SCENE, fault, takeOverAfterMs },
  );
  text.catch(() => undefined); // The page may be gone.
  return { page, progress, text };
}

const statesOf = ({ progress }: Tab): Promise<string[]> =>
  progress.evaluate((all) => [...new Set(all.map(({ state }) => state))]);

async function whenSomeIsStored(page: Page, model: ModelDescriptor): Promise<void> {
  await expect
    .poll(async () => (await storedShards(page, model)).length, { intervals: [50] })
    .toBeGreaterThan(8);
}

for (const [what, fault] of [
  ["", ""],
  [" without Web Locks", "no-locks"],
] as const) {
  test(`three tabs${what} that start at once fetch every byte once, and all answer`, async ({
    context,
    server,
  }) => {
    if (fault) {
      await context.addInitScript(() => {
        Reflect.deleteProperty(Navigator.prototype, "locks");
      });
    }
    const pages = await openTabs(context, server, 3);
    const model = await shardedModel(pages[0]!, { shardBytes: 32 * KIB });
    server.faults.push(SLOW);
    server.log.length = 0;
    const tabs = await Promise.all(pages.map((page) => load(page, model, { fault })));
    const countFollowers = async (): Promise<number> => {
      const states = await Promise.all(tabs.map(statesOf));
      return states.filter((one) => one.includes("in-other-tab")).length;
    };
    await expect.poll(countFollowers, { intervals: [100] }).toBe(2);
    server.faults.length = 0;
    expect(await Promise.all(tabs.map(({ text }) => text))).toEqual([CAPTION, CAPTION, CAPTION]);
    expect(askedShards(server, model).sort()).toEqual(shardsOf(model).sort());
    await expectWhole(pages[0]!, model);

    expect(await countFollowers()).toBe(2);
    for (const { progress } of tabs) {
      const reports = await progress.jsonValue();
      const totals = new Set(reports.map(({ totalBytes }) => totalBytes));
      expect(totals.size, "the total is exact from the first report on").toBe(1);
      expect(reports.at(-1)!.loadedBytes).toBe(reports.at(-1)!.totalBytes);
    }
  });
}

const CRASHES = "It ends the process of a page, which only Chromium's protocol does to order.";

const ends: Record<string, (page: Page) => Promise<void>> = {
  "is closed": (page) => page.close(),
  crashes: crash,
};

for (const [what, end] of Object.entries(ends)) {
  for (const fault of ["", "no-locks"]) {
    const where = fault ? ", without Web Locks" : "";
    // Without Web Locks, the test of a frozen tab shows in each run that a lease ends.
    const tags = fault ? ([EXHAUSTIVE_TAG] as const) : [];
    const details = what === "crashes" ? onlyInChromium(CRASHES, ...tags) : { tag: [...tags] };
    const name = `when the tab that downloads ${what}${where}, another goes on with what is stored`;
    test(name, details, async ({ context, server }) => {
      const [holder, follower] = (await openTabs(context, server, 2)) as [Page, Page];
      const model = await shardedModel(follower, { shardBytes: 64 * KIB });
      server.faults.push(SLOW);
      // Web Locks are free at once; a lease lasts as long as its holder said.
      const options = { fault, takeOverAfterMs: fault ? 3000 : 10_000 };
      await load(holder, model, options);
      await whenSomeIsStored(follower, model);
      const following = await load(follower, model, options);
      await expect.poll(() => statesOf(following)).toContain("in-other-tab");
      // Nobody is answered from here on: what is stored when the holder has ended is the holder's work alone.
      server.faults.unshift({ path: ".onnx", kind: "stall" });
      const log = server.log.length;
      await end(holder);
      // Already on its way to the store when its tab ended.
      const stored = new Set(await storedShards(follower, model));
      server.faults.length = 0;
      server.cutAll();
      expect(await following.text).toBe(CAPTION);
      server.log.splice(0, log);
      const asked = askedShards(server, model);
      expect(asked.length).toBeGreaterThan(0);
      expect(asked.filter((shard) => stored.has(shard))).toEqual([]);
      await expectWhole(follower, model);
    });
  }
}

for (const fault of ["", "no-locks"]) {
  const where = fault ? ", without Web Locks," : "";
  test(`a frozen tab that downloads${where} is taken over, and when it thaws it fetches nothing more`, async ({
    launchProfile,
    server,
  }) => {
    const { context } = await launchProfile();
    const [holder, follower] = (await openTabs(context, server, 2)) as [Page, Page];
    const model = await shardedModel(follower, { shardBytes: 64 * KIB });
    // The holder's own requests are in mid-air when it freezes.
    server.faults.push(SLOW);
    const options = { fault, takeOverAfterMs: 3000 };
    const frozen = await load(holder, model, options);
    await whenSomeIsStored(follower, model);
    const following = await load(follower, model, options);
    await expect.poll(() => statesOf(following)).toContain("in-other-tab");
    await freeze(holder);
    const stored = new Set(await storedShards(follower, model));
    const asked = server.log.length;
    server.faults.length = 0;
    expect(await following.text).toBe(CAPTION);
    const log = server.log.splice(asked);
    server.log.splice(0, asked, ...log);
    const taken = askedShards(server, model);
    expect(taken.length).toBeGreaterThan(0);
    expect(taken.filter((shard) => stored.has(shard))).toEqual([]);

    server.log.length = 0;
    await thaw(holder);
    expect(await frozen.text).toBe(CAPTION);
    expect(askedShards(server, model)).toEqual([]);
    await expectWhole(follower, model);
  });
}
