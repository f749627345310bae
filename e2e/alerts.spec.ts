/** Each built-in alert fires for a fault that really happens in the browser, and clears when the fault is over. */

import type { BrowserContext, Page } from "@playwright/test";
import { EXHAUSTIVE_TAG } from "../tools/exhaustive.ts";
import { valuesByRule } from "./alert-values.ts";
import { expect, openKit, onlyInChromium, test } from "./fixtures.ts";

const SCENE = "/scenes/scene-01.png";
const LATE_SCENE = "/scenes/scene-02.png";
const LOST_SCENE = "/scenes/scene-03.png";

/** The window of a built-in rule is minutes long. */
const SHORT = { windowMs: 10_000, forMs: 0 };
/** A busy machine computes only a few answers within the short window. */
const FEW = { ...SHORT, minCount: 1 };

/** The user allows the origin to keep what it stores. No headless browser does so by itself. */
async function allowToPersist(context: BrowserContext, page: Page): Promise<void> {
  const session = await context.newCDPSession(page);
  const { targetInfo } = await session.send("Target.getTargetInfo");
  const browser = await context.browser()!.newBrowserCDPSession();
  await browser.send("Browser.setPermission", {
    permission: { name: "persistent-storage" },
    setting: "granted",
    origin: new URL(page.url()).origin,
    ...(targetInfo.browserContextId !== undefined && {
      browserContextId: targetInfo.browserContextId,
    }),
  });
}

const IN_TROUBLE = "on a device in trouble seven alerts fire, and clear when the trouble is over";
const PERSISTS =
  "It lets an origin persist what it stores, which only Chromium's protocol does to order.";
test(IN_TROUBLE, onlyInChromium(PERSISTS, EXHAUSTIVE_TAG), async ({ kitPage, context, server }) => {
  test.setTimeout(420_000); // Twenty-five seconds, on a machine that does nothing else.
  const rules = {
    "latency-wasm": { ...FEW, above: 4, clearsAt: 3.6 },
    "confidence-low": FEW,
    errors: SHORT,
    "success-rate-low": FEW,
    fallbacks: SHORT,
    "cache-corrupt": SHORT,
    "storage-not-persisted": { forMs: 0 },
  };
  const names = Object.keys(rules);
  server.faults.push({ path: LATE_SCENE, kind: "delay", ms: 4500 });
  server.faults.push({ path: LOST_SCENE, kind: "stall" });

  const page = await kitPage.evaluateHandle(
    async ({ rules, names, lateScene, lostScene }) => {
      const { observe, stored, watchAlerts } = window.kit;
      const watch = watchAlerts(rules);
      const { onMetric, onEvent } = watch.ops;
      const { vlm: healthy } = await observe({ onMetric, onEvent, device: "wasm" });

      // One bit of the stored weights changes, and the next load has no GPU to run on.
      const shard = (await stored.listShards()).find(({ path }) => path.endsWith(".onnx"))!;
      const bytes = new Uint8Array(await (await stored.readPart(shard.key)).arrayBuffer());
      bytes[bytes.length >> 1]! ^= 1;
      await stored.overwritePart(shard.key, bytes);
      const { vlm: troubled } = await observe({
        onMetric,
        onEvent,
        cache: { maxResultBytes: 0 },
      });

      // Some pictures are late, and others never come. The temperature makes the model say what it does not believe.
      const hot = { temperature: 10, maxNewTokens: 4 };
      await watch.during("alert-fired", names, () => {
        const late = Array.from({ length: 6 }, (_, seed) =>
          // Addresses of their own: a browser fetches one address for one request at a time.
          troubled.caption(`${lateScene}?${String(seed)}`, { ...hot, seed }),
        );
        const lost = Array.from({ length: 16 }, (_, n) =>
          troubled.caption(`${lostScene}?${String(n)}`, { timeoutMs: 500 }),
        );
        return Promise.allSettled([...late, ...lost]);
      });
      await troubled.dispose();
      return { watch, healthy };
    },
    { rules, names, lateScene: LATE_SCENE, lostScene: LOST_SCENE },
  );

  await allowToPersist(context, kitPage);
  const seen = await page.evaluate(
    async ({ watch, healthy }, { names, scene }) => {
      const { onMetric, onEvent } = watch.ops;
      const other = window.kit.observe({ onMetric, onEvent, device: "wasm" });
      // Remembered answers are calls too, but they say nothing of latency and confidence.
      await watch.during("alert-cleared", names, (n) =>
        healthy.caption(scene, { cache: n % 4 > 0, maxNewTokens: 4 }),
      );
      await (await other).vlm.dispose();
      await healthy.dispose();
      await watch.ops.dispose();
      return watch.seen;
    },
    { names, scene: SCENE },
  );

  const values = valuesByRule(seen);
  expect(Object.keys(values).sort()).toEqual(names.sort());
  for (const [first, second] of Object.values(values)) {
    expect([first![0], second![0]]).toEqual(["alert-fired", "alert-cleared"]);
  }
  const fired = (rule: string): number => values[rule]![0]![1];
  const cleared = (rule: string): number => values[rule]![1]![1];
  expect(fired("latency-wasm")).toBeGreaterThan(4);
  expect(cleared("latency-wasm")).toBeLessThan(3.6);
  expect(fired("confidence-low")).toBeLessThan(0.3);
  expect(cleared("confidence-low")).toBeGreaterThan(0.35);
  expect(fired("errors")).toBeGreaterThan(10);
  expect(cleared("errors")).toBeLessThanOrEqual(5);
  expect(fired("success-rate-low")).toBeLessThan(0.999);
  expect(cleared("success-rate-low")).toBe(1);
  expect(fired("fallbacks")).toBeGreaterThanOrEqual(0.5);
  // It clears when a load did not fall back, or when nothing was loaded for a while.
  expect(fired("cache-corrupt")).toBe(1);
  expect(cleared("cache-corrupt")).toBe(0);
  expect(fired("storage-not-persisted")).toBe(0);
  expect(cleared("storage-not-persisted")).toBe(1);
});

test("bad images are refused, and are no reason for an alert", async ({ kitPage }) => {
  const seen = await kitPage.evaluate(async () => {
    const { countOf, failureOf, observe, watchAlerts } = window.kit;
    const short = { windowMs: 10_000, forMs: 0, minCount: 1 };
    const { ops, seen } = watchAlerts({ errors: short, "success-rate-low": short });
    const { onMetric, onEvent } = ops;
    const { vlm } = await observe({ onMetric, onEvent });
    for (let n = 0; n < 12; n++) await failureOf(() => vlm.caption(new Blob(["no image"])));
    await new Promise((resolve) => setTimeout(resolve, 5500)); // Rules are looked at every five seconds.
    const { totals } = await ops.snapshot();
    await ops.dispose();
    return { seen, refused: countOf(totals, "vlm.calls", { "vlm.outcome": "refused" }) };
  });
  expect(seen).toEqual({ seen: [], refused: 12 });
});

// The browser measures memory when it collects its garbage, and the kit asks it every half minute.
const MEMORY = "memory over 1.5 GB is an alert, until the page gives it back";
test(MEMORY, { tag: EXHAUSTIVE_TAG }, async ({ launchProfile, server }) => {
  const profile = await launchProfile(["--enable-blink-features=ForceEagerMeasureMemory"]);
  const page = await profile.context.newPage();
  await openKit(page, server);
  const seen = await page.evaluate(async () => {
    // Pages of zeros that nobody wrote to cost the machine nothing, and count as the page's memory.
    const held = Array.from({ length: 4 }, () => new ArrayBuffer(4e8));
    const { ops, seen, during } = window.kit.watchAlerts({ "memory-high": { forMs: 0 } });
    await during("alert-fired", ["memory-high"]);
    held.length = 0;
    await during("alert-cleared", ["memory-high"]);
    await ops.dispose();
    return seen;
  });
  const [fired, cleared] = valuesByRule(seen)["memory-high"]!;
  expect(fired).toEqual(["alert-fired", expect.any(Number)]);
  expect(fired![1]).toBeGreaterThan(1.6e9);
  expect(cleared![0]).toBe("alert-cleared");
  expect(cleared![1]).toBeLessThan(1e9);
});
