/**
 * Workers of a pool die at random moments while many pictures are captioned and the pool grows and shrinks: every picture has
 * exactly one outcome, which is the right caption or a typed error.
 */

import type { Page } from "@playwright/test";
import { EXHAUSTIVE_TAG } from "../tools/exhaustive.ts";
import { expect, notIn, openKit, test } from "./fixtures.ts";

const SCENES = [1, 2, 3, 4].map((number) => `/scenes/scene-0${String(number)}.png`);

/** How long after a worker is loaded one of them dies, at most, in milliseconds. */
const LONGEST_LIFE_MS = 1500;

interface Batches {
  readonly batches: number;
  readonly calls: number;
  /** How many workers die, at most. */
  readonly mostKills: number;
  readonly seed: number;
}

function captionWhileWorkersDie(page: Page, { batches, calls, mostKills, seed }: Batches) {
  return page.evaluate(
    async ({ scenes, batches, calls, mostKills, seed, longestLifeMs }) => {
      // As many workers as on a device with more cores; with two, none is left to shrink from while another dies.
      Object.defineProperty(navigator, "hardwareConcurrency", { value: 3 });
      let state = seed;
      const random = (): number => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
      const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
      const options = { cache: false, timeoutMs: 120_000 };
      const alone = await window.kit.observe({ device: "wasm" });
      const right: string[] = [];
      for (const scene of scenes) right.push((await alone.vlm.caption(scene, options)).text);
      await alone.vlm.dispose();

      const shrinks = { all: 0, withCalls: 0 };
      const { vlm, workers } = await window.kit.observe({
        device: "wasm",
        pool: { min: 0, max: 3 },
        scaling: { targetWaitMs: 1, cooldownUpMs: 0, cooldownDownMs: 100, idleMs: 200 },
        onEvent: (event) => {
          if (event.type !== "scaled" || event.to >= event.from) return;
          shrinks.all++;
          if ((vlm.scalingStatus()?.running ?? 0) > event.to) shrinks.withCalls++;
        },
      });
      const over = new AbortController();
      const ended = new WeakSet<object>();
      // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own `this` below
      const { terminate } = Worker.prototype;
      Worker.prototype.terminate = function (this: Worker) {
        ended.add(this);
        terminate.call(this);
      };
      let kills = 0;
      const killer = { isResting: false };
      const endOne = (): void => {
        // On a slow machine none would ever answer if each died while it starts.
        if (killer.isResting || vlm.stats().pool.loaded === 0) return;
        const alive = workers.filter((worker) => !ended.has(worker));
        if (alive.length === 0) return;
        alive[Math.floor(random() * alive.length)]!.terminate();
        kills++;
      };
      const killing = (async () => {
        while (!over.signal.aborted && kills < mostKills) {
          await pause(random() * longestLifeMs);
          endOne();
        }
      })();

      const outcomes: {
        key: string;
        isRight: boolean;
        code?: string | undefined;
        phase?: string | undefined;
      }[] = [];
      const asked: string[] = [];
      for (let batch = 0; batch < batches; batch++) {
        const images = Array.from({ length: calls }, (_, index) => {
          const key = `${String(batch)}-${String(index)}`;
          asked.push(key);
          return { key, image: scenes[index % scenes.length]! };
        });
        const run = vlm.captionMany(images, { ...options, order: "done", concurrency: 6 });
        for await (const { key, index, result, error } of run) {
          const isRight = result?.text === right[index % scenes.length];
          const { code = error?.name, details } = (error ?? {}) as {
            code?: string;
            details?: { phase?: string };
          };
          outcomes.push({ key, isRight, code, phase: details?.phase });
          // On a quick machine all may be over before the first pause is.
          if (outcomes.length === 1) endOne();
        }
        // After every other batch no worker is ended until the pool has shrunk to nothing.
        killer.isResting = batch % 2 === 1;
        while (killer.isResting && vlm.stats().pool.loaded > 0) await pause(20);
        killer.isResting = false;
        await pause(random() * 1500);
      }
      over.abort();
      await killing;
      // What is left of it goes on.
      const { text } = await vlm.caption(scenes[0]!, options);
      await vlm.dispose();
      return {
        asked,
        outcomes,
        kills,
        shrinks,
        created: workers.length,
        isWell: text === right[0],
      };
    },
    { scenes: SCENES, batches, calls, mostKills, seed, longestLifeMs: LONGEST_LIFE_MS },
  );
}

async function expectNoneLost(page: Page, batches: Batches) {
  const seen = await captionWhileWorkersDie(page, batches);
  const { asked, outcomes, kills, shrinks, created, isWell } = seen;
  const failed = outcomes.filter(({ isRight }) => !isRight);
  console.log(
    `seed ${String(batches.seed)}: ${String(outcomes.length)} calls, ${String(kills)} kills, ${String(created)} workers, ` +
      `${String(shrinks.all)} shrinks (${String(shrinks.withCalls)} with calls), ${String(failed.length)} rejected`,
  );
  // None is lost, and none is answered twice.
  expect(outcomes.map(({ key }) => key).sort()).toEqual([...asked].sort());
  // Whose worker died twice is rejected; a wrong caption has no code. A worker that dies before its script has run is silent,
  // so that the deadline of that phase ends it.
  for (const { code, phase } of failed) {
    expect(["worker-crashed", "circuit-open", "start-failed"]).toContain(code);
    if (code === "start-failed") expect(phase).toBe("script");
  }
  expect(failed.length).toBeLessThan(asked.length / 4);
  expect(kills).toBeGreaterThan(0);
  expect(isWell).toBe(true);
  return seen;
}

test.beforeEach(async ({ page, server }) => {
  server.isolated = false;
  await openKit(page, server);
});

test("workers of a pool that die while it grows and shrinks lose no picture of a batch", async ({
  page,
}) => {
  // A worker that dies before its script has run is given up after 30 s.
  test.setTimeout(240_000);
  await expectNoneLost(page, { batches: 2, calls: 6, mostKills: 3, seed: 7 });
});

const CRASHES_ITSELF =
  "JavaScriptCore of WebKitGTK 2.50 crashes, and the page with it, when many workers are ended while they compute.";

test(
  "workers of a pool that die again and again lose no picture of many batches",
  notIn("webkit", CRASHES_ITSELF, EXHAUSTIVE_TAG),
  async ({ page }) => {
    test.setTimeout(600_000);
    const { shrinks, created } = await expectNoneLost(page, {
      batches: 12,
      calls: 16,
      mostKills: 40,
      seed: 20,
    });
    expect(shrinks.all).toBeGreaterThan(3);
    expect(created).toBeGreaterThan(6);
  },
);
