/** Several workers with one model: the same answers as one, and no call lost. The page is not isolated: there are no threads. */

import type { Page } from "@playwright/test";
import { expect, openKit, test } from "./fixtures.ts";

const SCENES = [1, 2, 3, 4].map((number) => `/scenes/scene-0${String(number)}.png`);

test.beforeEach(async ({ page, server }) => {
  server.isolated = false;
  await openKit(page, server);
});

/**
 * Captions all pictures at once, with one worker and then with two.
 *
 * @param killAfter ends the second worker when so many calls of the second batch were answered
 */
function captionTwice(page: Page, killAfter = Infinity) {
  return page.evaluate(
    async ({ scenes, killAfter }) => {
      const { observe } = window.kit;
      const options = { cache: false, timeoutMs: 120_000 };
      const one = await observe({ device: "wasm" });
      const alone = await Promise.all(scenes.map((scene) => one.vlm.caption(scene, options)));
      await one.vlm.dispose();
      const { vlm, workers, events, metrics } = await observe({
        device: "wasm",
        pool: { min: 2, max: 2 },
      });
      const bothLoaded = async () => {
        while (vlm.scalingStatus()?.workers !== 2) {
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      };
      await bothLoaded();
      let answered = 0;
      const together = await Promise.all(
        scenes.map(async (scene) => {
          const { text } = await vlm.caption(scene, options);
          if (++answered === killAfter) workers[1]!.terminate();
          return text;
        }),
      );
      // A death may be noticed only after the last answer.
      while (killAfter < Infinity && workers.length < 3) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      await bothLoaded();
      const waits = metrics.filter(({ name }) => name === "vlm.queue.wait.duration");
      return {
        alone: alone.map(({ text }) => text),
        together,
        waits: waits.map(({ value }) => value),
        workers: workers.length,
        events,
        status: vlm.scalingStatus(),
        pool: vlm.stats().pool,
        health: (await vlm.health()).checks,
        downloads: metrics.filter(({ name }) => name === "vlm.model.download.bytes").length,
      };
    },
    { scenes: SCENES, killAfter },
  );
}

test("two workers answer as one does, two calls at a time, and load what is stored", async ({
  page,
}) => {
  const { alone, together, waits, workers, events, status, downloads, pool, health } =
    await captionTwice(page);
  expect(together).toEqual(alone);
  // Two calls wait for nobody, and the others for one of them.
  const [, second, third] = waits.sort((a, b) => a - b);
  expect(second, String(waits)).toBeLessThan(third! / 3);
  expect(workers).toBe(2);
  expect(downloads).toBe(0); // The client before has downloaded.
  expect(events).toContainEqual({ type: "scaled", from: 1, to: 2, reason: "minimum" });
  expect(status).toMatchObject({ workers: 2, limit: { workers: 2, reason: "max" } });
  expect(status!.bytesPerWorker).toBeGreaterThan(4e6);
  const idle = { state: "loaded", device: "wasm", outstanding: 0 };
  expect(pool).toMatchObject({
    workers: [
      { name: "worker-1", ...idle },
      { name: "worker-2", ...idle },
    ],
    loaded: 2,
    fileBytes: 2 * status!.bytesPerWorker,
  });
  expect(health["pool:workers"]!.map(({ observedValue }) => observedValue)).toEqual([
    "loaded",
    "loaded",
  ]);
});

test("a worker that dies in the middle of a batch loses no call, and another replaces it", async ({
  page,
}) => {
  const { alone, together, workers, events } = await captionTwice(page, 2);
  expect(together).toEqual(alone);
  expect(workers).toBe(3);
  expect(events).toContainEqual({ type: "worker-restarted", reason: "worker-crashed" });
});

test("an open image answers the same after each worker has died", async ({ page }) => {
  const texts = await page.evaluate(async (scene) => {
    const { observe } = window.kit;
    const { vlm, workers } = await observe({ device: "wasm", pool: { min: 2, max: 2 } });
    while (vlm.scalingStatus()?.workers !== 2) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const image = await vlm.open(scene);
    const texts = [(await image.caption({ cache: false })).text];
    for (const worker of workers.slice(0, 2)) {
      worker.terminate();
      await new Promise((resolve) => setTimeout(resolve, 300));
      texts.push((await image.caption({ cache: false })).text);
    }
    return texts;
  }, SCENES[0]!);
  expect(texts[0]).not.toBe("");
  expect(texts).toEqual([texts[0], texts[0], texts[0]]);
});
