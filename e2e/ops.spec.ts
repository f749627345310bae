/** The metrics of `@fastvlm-kit/ops` in a real browser: kept over a crash, merged over tabs, with alerts for real faults. */

import type { Page } from "@playwright/test";
import { expect, openKit, test } from "./fixtures.ts";

const SCENE = "/scenes/scene-01.png";

/** Reports that a call failed, as the SDK does. */
async function failCalls(page: Page, calls: number): Promise<void> {
  await page.evaluate((calls) => {
    window.ops = window.kit.createOps();
    const call = {
      startedAt: Date.now(),
      durationMs: 5,
      task: "brief",
      imageKinds: [],
      outcome: "failed",
      errorType: "timeout",
    } as const;
    for (let n = 0; n < calls; n++) window.ops.onEvent({ type: "call-ended", call });
  }, calls);
}

/** How many calls failed, as all tabs together know it. */
function countFailures(page: Page): Promise<number> {
  return page.evaluate(async () => {
    if (!Object.hasOwn(window, "ops")) window.ops = window.kit.createOps();
    const { totals, isPersistent } = await window.ops.snapshot();
    if (!isPersistent) throw new Error("Nothing is stored");
    return window.kit.countOf(totals, "vlm.calls", { "error.type": "timeout" });
  });
}

/** The same, without what only this tab knows. */
function countStoredFailures(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const reader = window.kit.createOps();
    const { totals } = await reader.snapshot();
    await reader.dispose();
    return window.kit.countOf(totals, "vlm.calls", { "error.type": "timeout" });
  });
}

test("what was measured outlives SIGKILL of the browser, but for the last seconds", async ({
  launchProfile,
  server,
}) => {
  const profile = await launchProfile();
  let page = await profile.context.newPage();
  await openKit(page, server);
  await failCalls(page, 3);
  await expect.poll(() => countStoredFailures(page)).toBe(3); // It is stored every ten seconds.
  await profile.kill();
  await profile.start();
  page = await profile.context.newPage();
  await openKit(page, server);
  expect(await countFailures(page)).toBe(3);
});

test("two tabs are merged, a tab that is left loses nothing, and sends its beacon", async ({
  context,
  kitPage,
  server,
}) => {
  const other = await context.newPage();
  await openKit(other, server);
  await failCalls(kitPage, 2);
  await failCalls(other, 5);
  await other.evaluate(() => {
    const beacon = window.kit.createBeacon({ url: "/v1/metrics" });
    beacon.onPoint({ name: "vlm.calls", unit: "1", value: 5, attributes: {} });
  });
  await other.goto("about:blank");
  await expect.poll(() => server.requests).toContain("/v1/metrics");
  await expect.poll(() => countFailures(kitPage)).toBe(7);
});

test("a browser that refuses IndexedDB costs the app nothing but what is stored", async ({
  kitPage,
}) => {
  const seen = await kitPage.evaluate(async () => {
    indexedDB.open = () => {
      throw new DOMException("No.", "SecurityError");
    };
    const ops = window.kit.createOps();
    ops.onMetric({
      name: "vlm.device.lost",
      value: 1,
      unit: "1",
      attributes: {},
      timestamp: Date.now(),
    });
    await ops.flush();
    const { totals, isPersistent } = await ops.snapshot();
    await ops.dispose();
    return { count: window.kit.countOf(totals, "vlm.device.lost"), isPersistent };
  });
  expect(seen).toEqual({ count: 1, isPersistent: false });
});

test("alerts fire for a worker that dies and for a fallback, and clear afterwards", async ({
  kitPage,
}) => {
  const seen = await kitPage.evaluate(async (scene) => {
    const { builtInAlerts, createOps, failureOf, observe } = window.kit;
    // The built-in rules, with windows as short as a test.
    const rules = builtInAlerts().map((rule) => ({
      ...rule,
      windowMs: 20_000,
      forMs: 0,
      ...(rule.name === "errors" && { above: 0, clearsAt: 0 }),
      ...(rule.name === "success-rate-low" && { minCount: 1 }),
    }));
    const seen: string[] = [];
    const ops = createOps({
      databaseName: undefined,
      alerts: rules,
      onAlert: ({ type, alert }) => seen.push(`${alert.rule} ${type}`),
    });
    const { vlm, workers } = await observe({ onMetric: ops.onMetric, onEvent: ops.onEvent });
    await failureOf(async () => {
      for await (const event of vlm.generate({ image: scene, prompt: "Describe this image." })) {
        if (event.type === "queued") workers[0]!.terminate();
      }
    });
    const until = async (event: string): Promise<void> => {
      while (!seen.includes(event)) await new Promise((resolve) => setTimeout(resolve, 100));
    };
    for (const rule of ["errors", "success-rate-low", "fallbacks"]) {
      await until(`${rule} alert-fired`);
      await until(`${rule} alert-cleared`);
    }
    const { calls } = await ops.snapshot();
    await ops.dispose();
    return { seen, outcomes: calls.map(({ outcome, errorType }) => [outcome, errorType]) };
  }, SCENE);
  expect(seen.outcomes).toEqual([["failed", "worker-crashed"]]);
  // The embedded model's storage is persisted by no headless browser, and that stays so.
  expect(seen.seen).toContain("storage-not-persisted alert-fired");
  expect(seen.seen).not.toContain("latency-wasm alert-fired");
});
