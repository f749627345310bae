/** SIGKILL of the whole browser, again and again in one download: what was stored stays, and is all right. */

import type { Page } from "@playwright/test";
import type { ModelDescriptor } from "@fastvlm-kit/web";
import { isExhaustive } from "../tools/exhaustive.ts";
import type { BrowserProfile } from "./browser-profile.ts";
import { expect, openKit, test } from "./fixtures.ts";
import type { TestServer } from "./server/test-server.ts";
import {
  askedShards,
  expectToGoOn,
  shardedModel,
  shardsOf,
  storedShards,
  type Shard,
} from "./stored-model.ts";

const KIB = 2 ** 10;
const KILLS = isExhaustive ? 20 : 4;
/** So that not even the last kill comes after the download's end: four requests at a time. */
const MOST_BYTES_OF_A_REQUEST = 48 * KIB;
const LONGEST_LIFE_MS = 700;

test(`a browser that is killed at ${String(KILLS)} random moments loses no shard that it had stored`, async ({
  launchProfile,
  server,
}) => {
  test.setTimeout(240_000);
  const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));
  const random = randomFrom(seed);
  const profile = await launchProfile();
  let page = await openPage(profile, server);
  const model = await shardedModel(page, { shardBytes: 8 * KIB });
  const sizes: number[] = [];
  for (let kill = 1; kill <= KILLS; kill++) {
    const what = `kill ${String(kill)} of seed ${String(seed)}`;
    const before = await storedShards(page, model);
    const least = kill % 2 === 0 ? before.length + 1 : 0;
    const acknowledged = await liveFor(random() * LONGEST_LIFE_MS, least, page, server, model);
    await profile.kill();

    const asked = askedShards(server, model);
    const known = new Set(before);
    expect(
      asked.filter((shard) => known.has(shard)),
      what,
    ).toEqual([]);
    await profile.start();
    page = await openPage(profile, server);
    const after = await storedShards(page, model);
    expect(after, what).toEqual(expect.arrayContaining(acknowledged));
    sizes.push(after.length);
  }
  // Every second life got further.
  expect(new Set(sizes).size, String(sizes)).toBeGreaterThan(KILLS / 2);
  expect(sizes.at(-1)).toBeLessThan(shardsOf(model).length);
  await expectToGoOn(page, server, model);
});

async function openPage({ context }: BrowserProfile, server: TestServer): Promise<Page> {
  const page = await context.newPage();
  await openKit(page, server);
  return page;
}

/**
 * Downloads for a moment after so many shards are stored. Returns what the page knew to be stored in its last instant.
 */
async function liveFor(
  milliseconds: number,
  least: number,
  page: Page,
  server: TestServer,
  model: ModelDescriptor,
): Promise<Shard[]> {
  server.faults.length = 0;
  server.faults.push(
    { path: ".onnx", kind: "slow", bytesPerSecond: 64 * KIB },
    { path: ".onnx", kind: "stall", afterBytes: MOST_BYTES_OF_A_REQUEST },
  );
  server.log.length = 0;
  void page
    .evaluate((model) => window.kit.observe({ model }).then(() => undefined), model)
    .catch(() => undefined); // The browser dies under it.
  await expect
    .poll(() => askedShards(server, model).length, { intervals: [10] })
    .toBeGreaterThan(0);
  if (least > 0) {
    const stored = async () => (await storedShards(page, model)).length;
    await expect.poll(stored, { intervals: [10] }).toBeGreaterThanOrEqual(least);
  }
  await page.waitForTimeout(milliseconds);
  return storedShards(page, model);
}

/** Mulberry32: a small generator that can be started again at the same place. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
