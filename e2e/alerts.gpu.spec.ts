/** The alerts about a GPU: one that is slow, and one that is lost for good. Losses are real: its process is crashed. */

import { EXHAUSTIVE_TAG } from "../tools/exhaustive.ts";
import { valuesByRule } from "./alert-values.ts";
import { openKitWithCrashes } from "./crash-gpu.ts";
import { expect, test } from "./fixtures.ts";

/** Two loads on the software adapter take half a minute each. */
const TITLE =
  "slow answers of the GPU and its loss are alerts, which clear when answers are fast and loads stay on their device";
test(TITLE, { tag: EXHAUSTIVE_TAG }, async ({ freshBrowser, server }) => {
  test.setTimeout(480_000);
  const { page, crashGpu } = await openKitWithCrashes(freshBrowser, server);

  const troubled = await page.evaluateHandle(async () => {
    const { observe, tinyModel, watchAlerts } = window.kit;
    const watched: ReturnType<typeof watchAlerts>["ops"][] = [];
    const { vlm } = await observe({
      model: tinyModel({ precision: "fp16" }),
      cache: { maxResultBytes: 0 },
      onMetric: (metric) => watched[0]?.onMetric(metric),
      onEvent: (event) => watched[0]?.onEvent(event),
    });
    const whole = (n: number) => vlm.caption(`/scenes/scene-0${String((n % 6) + 1)}.png`);
    const oneToken = () => vlm.caption("/scenes/scene-01.png", { maxNewTokens: 1 });
    await whole(0); // The shaders are compiled.
    const startedAt = performance.now();
    await whole(1);
    const seconds = (performance.now() - startedAt) / 1000;

    // No answer of the software adapter is fast. Here one is slow that takes more than half as long as a whole one.
    // The window is longer than an answer takes on a busy machine: one without any answer would be no bad one.
    const short = { windowMs: 30_000, forMs: 0, minCount: 1 };
    const watch = watchAlerts({
      "latency-webgpu": { ...short, above: seconds / 2, clearsAt: seconds / 3 },
      fallbacks: short,
    });
    watched.push(watch.ops);
    await watch.during("alert-fired", ["latency-webgpu"], whole);
    await watch.during("alert-cleared", ["latency-webgpu"], oneToken);
    return { watch, oneToken, seconds };
  });

  await crashGpu();
  expect(await troubled.evaluate(async ({ oneToken }) => (await oneToken()).device)).toBe("webgpu");
  await crashGpu();
  expect(await troubled.evaluate(async ({ oneToken }) => (await oneToken()).device)).toBe("wasm");

  const { seen, seconds, lost } = await troubled.evaluate(async ({ watch, seconds }) => {
    const { countOf, observe } = window.kit;
    const { onMetric, onEvent } = watch.ops;
    await watch.during("alert-fired", ["fallbacks"]);
    await watch.during("alert-cleared", ["fallbacks"], async () => {
      const { vlm } = await observe({ onMetric, onEvent, device: "wasm" });
      await vlm.dispose();
    });
    const { totals } = await watch.ops.snapshot();
    await watch.ops.dispose();
    return { seen: watch.seen, seconds, lost: countOf(totals, "vlm.device.lost") };
  });

  expect(lost).toBe(2);
  const values = valuesByRule(seen);
  const [slow, fast] = values["latency-webgpu"]!;
  expect([slow![0], fast![0]]).toEqual(["alert-fired", "alert-cleared"]);
  expect(slow![1]).toBeGreaterThan(Math.max(0.5, seconds / 2));
  expect(fast![1]).toBeLessThanOrEqual(seconds / 3);
  // The model was loaded on the GPU a second time, and then on the CPU, within the window or not.
  const [fallback, cleared] = values["fallbacks"]!;
  expect([fallback![0], cleared![0]]).toEqual(["alert-fired", "alert-cleared"]);
  expect(fallback![1]).toBeGreaterThanOrEqual(0.5);
  expect(cleared![1]).toBeLessThanOrEqual(0.1);
});
