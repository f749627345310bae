/** SIGKILL of the whole browser, again and again in one download: what was stored stays, and is all right. */

import { createRandom } from "../packages/web/test/random.ts";
import { isExhaustive } from "../tools/exhaustive.ts";
import { expect, test } from "./fixtures.ts";
import { downloadFor, openPage, readSeed } from "./killed-lives.ts";
import {
  askedShards,
  expectToGoOn,
  listModels,
  shardedModel,
  shardsOf,
  storedShards,
} from "./stored-model.ts";

const KIB = 2 ** 10;
const KILLS = isExhaustive ? 20 : 3;
const LONGEST_LIFE_MS = 700;

test(`a browser that is killed at ${String(KILLS)} random moments loses no shard that it had stored`, async ({
  launchProfile,
  server,
}) => {
  test.setTimeout(240_000);
  const seed = readSeed();
  const random = createRandom(seed);
  const profile = await launchProfile();
  let page = await openPage(profile, server);
  const model = await shardedModel(page, { shardBytes: 8 * KIB });
  const sizes: number[] = [];
  for (let kill = 1; kill <= KILLS; kill++) {
    const what = `kill ${String(kill)} of seed ${String(seed)}`;
    const before = await storedShards(page, model);
    const least = kill % 2 === 0 ? before.length + 1 : 0;
    const acknowledged = await downloadFor(random() * LONGEST_LIFE_MS, least, page, server, model);
    await profile.kill();

    const asked = askedShards(server, model);
    const known = new Set(before);
    expect(
      asked.filter((shard) => known.has(shard)),
      what,
    ).toEqual([]);
    await profile.start();
    page = await openPage(profile, server);
    // Chromium may have lost the whole database, which is restored with the first look at it.
    await listModels(page);
    const after = await storedShards(page, model);
    expect(after, what).toEqual(expect.arrayContaining(acknowledged));
    sizes.push(after.length);
  }
  // Every second life got further.
  expect(new Set(sizes).size, String(sizes)).toBeGreaterThan(KILLS / 2);
  expect(sizes.at(-1)).toBeLessThan(shardsOf(model).length);
  await expectToGoOn(page, server, model);
});
