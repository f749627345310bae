/** Lives of a browser that end with SIGKILL: what the tests of kills share. */

import type { Page } from "@playwright/test";
import type { ModelDescriptor } from "@fastvlm-kit/web";
import type { BrowserProfile } from "./browser-profile.ts";
import { expect, openKit } from "./fixtures.ts";
import type { TestServer } from "./server/test-server.ts";
import { askedShards, storedShards, type Shard } from "./stored-model.ts";

const KIB = 2 ** 10;
/** So that not even a late kill comes after the download's end: four requests at a time. */
const MOST_BYTES_OF_A_REQUEST = 48 * KIB;
const POLLED = { intervals: [10], timeout: 60_000 };

/** The seed of `SEED`, to repeat a test; otherwise another one each time. */
export function readSeed(): number {
  return Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));
}

/** Opens the test page in a browser that may be killed. */
export async function openPage({ context }: BrowserProfile, server: TestServer): Promise<Page> {
  const page = await context.newPage();
  await openKit(page, server);
  return page;
}

/**
 * Downloads for a moment after so many shards are stored. Returns what the page knew to be stored in its last instant.
 */
export async function downloadFor(
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
  await expect.poll(() => askedShards(server, model).length, POLLED).toBeGreaterThan(0);
  if (least > 0) {
    const stored = async () => (await storedShards(page, model)).length;
    await expect.poll(stored, POLLED).toBeGreaterThanOrEqual(least);
  }
  await page.waitForTimeout(milliseconds);
  return storedShards(page, model);
}
