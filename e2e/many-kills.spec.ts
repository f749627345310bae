/** SIGKILL of the browser, hundreds of times, in downloads and in use: no model is lost, and no byte is fetched twice. */

import type { Page } from "@playwright/test";
import type { ModelDescriptor } from "@fastvlm-kit/web";
import { createRandom } from "../packages/web/test/random.ts";
import { EXHAUSTIVE_TAG } from "../tools/exhaustive.ts";
import { expect, test } from "./fixtures.ts";
import { downloadFor, openPage, readSeed } from "./killed-lives.ts";
import {
  askedShards,
  CAPTION,
  expectOnlyMissing,
  listModels,
  loadAndCaption,
  SCENE,
  shardedModel,
  shardsOf,
  storedShards,
  type Shard,
} from "./stored-model.ts";

const KIB = 2 ** 10;
/** `KILLS=500` takes most of an hour. */
const KILLS = Number(process.env["KILLS"] ?? 60);
const LONGEST_DOWNLOAD_MS = 700;
const LONGEST_USE_MS = 4000;
const MOST_MS_OF_A_KILL = 60_000;

test(
  `a browser that is killed ${String(KILLS)} times fetches nothing twice and loses no model`,
  { tag: EXHAUSTIVE_TAG },
  async ({ launchProfile, server }) => {
    test.setTimeout(KILLS * MOST_MS_OF_A_KILL);
    const seed = readSeed();
    const random = createRandom(seed);
    const profile = await launchProfile();
    let page = await openPage(profile, server);
    const model = await shardedModel(page, { shardBytes: 8 * KIB });
    const revisionOf = (number: number) => ({ ...model, revision: `r${String(number)}` });
    const whole = revisionOf(0);
    expect(await loadAndCaption(page, whole)).toBe(CAPTION);
    const count = shardsOf(model).length;
    let [number, lost] = [1, 0];

    for (let kill = 1; kill <= KILLS; kill++) {
      const what = `kill ${String(kill)} of seed ${String(seed)}`;
      const arriving = revisionOf(number);
      const before = await storedShards(page, arriving);
      let acknowledged: Shard[] = before;
      if (random() < 0.3) {
        useFor(page, whole);
        await page.waitForTimeout(random() * LONGEST_USE_MS);
      } else {
        acknowledged = await downloadFor(random() * LONGEST_DOWNLOAD_MS, 0, page, server, arriving);
      }
      await profile.kill();
      const known = new Set(before);
      expect
        .soft(
          askedShards(server, arriving).filter((shard) => known.has(shard)),
          what,
        )
        .toEqual([]);
      server.log.length = 0;

      await profile.start();
      page = await openPage(profile, server);
      const keys = await page.evaluate(() => window.kit.stored.keys());
      if (keys.length === 0) lost += 1;
      const models = await listModels(page);
      const after = await storedShards(page, arriving);
      expect.soft(after, what).toEqual(expect.arrayContaining(acknowledged));
      const complete = models.filter(({ isComplete }) => isComplete);
      const names = complete.map(({ revision }) => revision);
      const wanted = Array.from({ length: number }, (_, one) => revisionOf(one).revision);
      expect.soft(names, what).toEqual(expect.arrayContaining(wanted));
      expect(test.info().errors, what).toEqual([]);
      // The rest of a file that is nearly complete is fetched without a kill, and another download begins.
      if (after.length > count / 2) {
        server.faults.length = 0;
        server.log.length = 0;
        expect(await loadAndCaption(page, arriving), what).toBe(CAPTION);
        const missing = shardsOf(arriving).filter((shard) => !after.includes(shard));
        expectOnlyMissing(askedShards(server, arriving), missing);
        number += 1;
      }
      if (kill % 10 === 0) {
        console.log(
          `${what}: ${String(lost)} databases were lost, ${String(number)} models stored`,
        );
      }
    }
    expect(await loadAndCaption(page, whole)).toBe(CAPTION);
  },
);

/** Loads the model and asks it, until the browser dies. */
function useFor(page: Page, model: ModelDescriptor): void {
  void page
    .evaluate(
      async ({ model, scene }) => {
        for (;;) {
          const { vlm } = await window.kit.observe({ model });
          for (let n = 0; n < 5; n++) await vlm.caption(scene, { cache: false });
          await vlm.dispose();
        }
      },
      { model, scene: SCENE },
    )
    .catch(() => undefined); // The browser dies under it.
}
