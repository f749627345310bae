/** Memory over the app's limit, as Chromium really measures it: first caches go, and then the worker. */

import { EXHAUSTIVE_TAG } from "../tools/exhaustive.ts";
import { expect, openKit, test } from "./fixtures.ts";

const SCENE = "/scenes/scene-01.png";
/** Less than the page takes without a model. */
const LIMIT = 1e6;

// Memory is measured once a minute at most.
const TITLE =
  "over the limit, caches are dropped, then the worker ends, and the next call brings it back";
test(TITLE, { tag: EXHAUSTIVE_TAG }, async ({ launchProfile, server }) => {
  test.setTimeout(420_000);
  // The browser measures at once, and not when it next collects its garbage.
  const profile = await launchProfile(["--enable-blink-features=ForceEagerMeasureMemory"]);
  const page = await profile.context.newPage();
  await openKit(page, server);
  const { types, pressures, texts, memory } = await page.evaluate(
    async ({ scene, limit }) => {
      const { vlm, events } = await window.kit.observe({ device: "wasm", maxMemoryBytes: limit });
      const until = async (type: string, count: number): Promise<void> => {
        while (events.filter((event) => event.type === type).length < count) {
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      };
      const short = { maxNewTokens: 4, cache: false };
      const texts = [(await vlm.caption(scene, short)).text];
      await until("memory-pressure", 1);
      await new Promise((resolve) => setTimeout(resolve, 60_000));
      texts.push((await vlm.caption(scene, short)).text);
      await until("worker-unloaded", 1);
      const memory = (await vlm.health()).checks["memory:usage"]?.[0];
      texts.push((await vlm.caption(scene, short)).text);
      const pressures = events.flatMap((event) =>
        event.type === "memory-pressure" ? [event.usedBytes] : [],
      );
      await vlm.dispose();
      return { types: events.map(({ type }) => type), pressures, texts, memory };
    },
    { scene: SCENE, limit: LIMIT },
  );
  expect(types.filter((type) => /memory|unloaded/.test(type))).toEqual([
    "memory-pressure",
    "memory-pressure",
    "worker-unloaded",
  ]);
  for (const usedBytes of pressures) expect(usedBytes).toBeGreaterThan(LIMIT);
  expect(memory).toMatchObject({ status: "warn" });
  expect(new Set(texts).size).toBe(1);
  expect(texts[0]).not.toBe("");
});
