/** Little room: who goes first, who stays, and what the app is told. The quota is the browser's own. */

import type { Page } from "@playwright/test";
import type { ModelDescriptor, StoredModel } from "@fastvlm-kit/web";
import { EXHAUSTIVE_TAG } from "../tools/exhaustive.ts";
import { otherEngine } from "../tools/tested-engine.ts";
import { expect, openKit, onlyInChromium, test } from "./fixtures.ts";
import type { TestServer } from "./server/test-server.ts";
import {
  CAPTION,
  expectWhole,
  listModels,
  SCENE,
  shardedModel,
  storedShards,
} from "./stored-model.ts";

const SETS_ROOM =
  "It sets the room of an origin, which only Chromium's protocol does for one page.";

/** A little more than one of the models takes. */
const ROOM_FOR_ONE = 7_000_000;
const ROOM_FOR_TWO = 11_000_000;

async function limitRoom(page: Page, { origin }: TestServer, quotaSize: number): Promise<void> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Storage.overrideQuotaForOrigin", { origin, quotaSize });
}

interface Report {
  readonly text: string;
  readonly events: string[];
  readonly evictions: number;
  readonly persisted: number | undefined;
}

/** Loads a model, captions the scene, and ends the client unless it is to stay. */
function use(
  page: Page,
  model: ModelDescriptor,
  { stays = false, cache = {} } = {},
): Promise<Report> {
  return page.evaluate(
    async ({ model, scene, stays, cache }) => {
      const { vlm, events, metrics } = await window.kit.observe({ model, cache, device: "wasm" });
      const { text } = await vlm.caption(scene, { cache: false });
      if (!stays) await vlm.dispose();
      const valuesOf = (name: string) => metrics.filter((one) => one.name === name);
      return {
        text,
        events: events
          .map(({ type }) => type)
          // Those of every load and call say nothing here.
          .filter((type) => !["graph-prepared", "threads-chosen", "call-ended"].includes(type)),
        evictions: valuesOf("vlm.model.cache.evictions").length,
        persisted: valuesOf("vlm.storage.persisted").at(-1)?.value,
      };
    },
    { model, scene: SCENE, stays, cache },
  );
}

const namesOf = (models: readonly StoredModel[]): string[] => models.map(({ id }) => id);

test(
  "a model that does not fit drives out the least recently used one, and is stored whole",
  onlyInChromium(SETS_ROOM),
  async ({ kitPage, server }) => {
    const [a, b, c] = await Promise.all(
      ["a", "b", "c"].map((id) => shardedModel(kitPage, { id, shardBytes: 2 ** 19 })),
    );
    await limitRoom(kitPage, server, ROOM_FOR_TWO);
    for (const model of [a!, b!, a!]) await use(kitPage, model);
    expect(namesOf(await listModels(kitPage))).toEqual(["a", "b"]);

    const report = await use(kitPage, c!);
    expect(report).toMatchObject({ text: CAPTION, events: [], evictions: 1 });
    const models = await listModels(kitPage);
    expect(namesOf(models)).toEqual(["c", "a"]);
    expect(models.every(({ isComplete }) => isComplete)).toBe(true);
    await expectWhole(kitPage, c!);
    expect(await storedShards(kitPage, b!)).toEqual([]);
  },
);

test(
  "as many models go as it takes: a scrap of one is not enough",
  onlyInChromium(SETS_ROOM, EXHAUSTIVE_TAG),
  async ({ kitPage, server }) => {
    const [a, b, scrap] = await Promise.all(
      ["a", "b", "scrap"].map((id) => shardedModel(kitPage, { id, shardBytes: 2 ** 19 })),
    );
    await limitRoom(kitPage, server, ROOM_FOR_ONE);
    server.faults.push({ path: "vision_encoder", kind: "status", status: 404 });
    server.faults.push({ path: "decoder", kind: "status", status: 404 });
    await expect(use(kitPage, scrap!)).rejects.toThrow("HTTP 404");
    server.faults.length = 0;
    await use(kitPage, a!);
    expect(namesOf(await listModels(kitPage))).toEqual(["a", "scrap"]);
    const report = await use(kitPage, b!);
    expect(report).toMatchObject({ text: CAPTION, events: [], evictions: 2 });
    expect(namesOf(await listModels(kitPage))).toEqual(["b"]);
    await expectWhole(kitPage, b!);
  },
);

test(
  "a model that another tab uses stays; the new one runs from memory, and the app is told",
  onlyInChromium(SETS_ROOM),
  async ({ context, kitPage, server }) => {
    const [a, b] = await Promise.all(["a", "b"].map((id) => shardedModel(kitPage, { id })));
    await limitRoom(kitPage, server, ROOM_FOR_ONE);
    await use(kitPage, a!, { stays: true });
    const other = await context.newPage();
    await openKit(other, server);
    const report = await use(other, b!);
    expect(report).toMatchObject({
      text: CAPTION,
      events: ["storage-degraded"],
      evictions: 0,
      persisted: 0,
    });
    const [inUse] = (await listModels(other)).filter(({ id }) => id === "a");
    expect(inUse).toMatchObject({ isInUse: true, isComplete: true });
    await expectWhole(other, a!);
  },
);

test(
  "a model that another tab is about to load stays",
  onlyInChromium(SETS_ROOM, EXHAUSTIVE_TAG),
  async ({ context, kitPage, server }) => {
    const [a, b] = await Promise.all(["a", "b"].map((id) => shardedModel(kitPage, { id })));
    await limitRoom(kitPage, server, ROOM_FOR_ONE);
    await use(kitPage, a!);
    void kitPage
      .evaluate(async (model) => {
        const worker = () => window.kit.createFaultyWorker("stuck-wasm");
        await window.kit.observe({ model, worker });
      }, a!)
      .catch(() => undefined); // The page ends under it.
    await expect.poll(() => listModels(kitPage)).toMatchObject([{ id: "a", isInUse: true }]);
    const other = await context.newPage();
    await openKit(other, server);
    expect(await use(other, b!)).toMatchObject({ text: CAPTION, events: ["storage-degraded"] });
    await expectWhole(other, a!);
  },
);

test(
  "models over the limits of size and age go at the next load",
  { tag: EXHAUSTIVE_TAG },
  async ({ kitPage }) => {
    const [a, b, c] = await Promise.all(
      ["a", "b", "c"].map((id) => shardedModel(kitPage, { id, revision: "r" })),
    );
    await use(kitPage, a!);
    const bySize = await use(kitPage, b!, { cache: { maxModelBytes: 6_000_000 } });
    expect(bySize.evictions).toBe(1);
    expect(namesOf(await listModels(kitPage))).toEqual(["b"]);

    await kitPage.evaluate(() =>
      window.kit.stored.update("model|b@r", (record) => ({
        ...(record as StoredModel),
        usedAt: Date.now() - 2 * 86_400_000,
      })),
    );
    const byAge = await use(kitPage, c!, { cache: { maxModelAgeMs: 86_400_000 } });
    expect(byAge.evictions).toBe(1);
    expect(namesOf(await listModels(kitPage))).toEqual(["c"]);
  },
);

test("results over the limits of size and age go, the least recently used first", async ({
  kitPage,
}) => {
  const cached = await kitPage.evaluate(async (scene) => {
    const { observe } = window.kit;
    const ask = async (cache: { maxResultBytes?: number; maxResultAgeMs?: number }) => {
      const { vlm } = await observe({ cache });
      const cached: boolean[] = [];
      for (const preset of ["brief", "alt-text", "brief", "detailed", "brief", "alt-text"] as const)
        cached.push((await vlm.caption(scene, { preset })).cached);
      await vlm.dispose();
      return cached;
    };
    // Room for two of the three.
    const bySize = await ask({ maxResultBytes: 1700 });
    const byAge = await ask({ maxResultAgeMs: 1 });
    return { bySize, byAge };
  }, SCENE);
  expect(cached.bySize).toEqual([false, false, true, false, true, false]);
  expect(cached.byAge).toEqual([false, false, true, false, true, true]);
});

test("lists what is stored, deletes one revision or all of them, and says where the room went", async ({
  kitPage,
}) => {
  const revisions = await Promise.all(
    ["1", "2"].map((revision) => shardedModel(kitPage, { id: "a", revision })),
  );
  const other = await shardedModel(kitPage, { id: "b", revision: "1" });
  for (const model of [...revisions, other]) await use(kitPage, model);
  const seen = await kitPage.evaluate(async () => {
    const library = window.kit.openLibrary();
    const look = async () => ({
      names: (await library.listModels()).map(({ id, revision }) => `${id}@${revision}`),
      usage: await library.storageUsage(),
      keys: (await window.kit.stored.keys()).length,
      privateFiles: (await window.kit.stored.privateBytes()).length,
    });
    const all = await look();
    await library.deleteModel("a", "2");
    const withoutOne = await look();
    await library.deleteModel("a");
    const withoutBoth = await look();
    await library.deleteModel("b");
    const empty = await look();
    await library.dispose();
    return { all, withoutOne, withoutBoth, empty };
  });
  const { bytes } = { bytes: Object.values(other.files).reduce((sum, one) => sum + one.bytes, 0) };
  expect(seen.all.names).toEqual(["b@1", "a@2", "a@1"]);
  expect(seen.all.usage).toMatchObject({ modelBytes: 3 * bytes, isPersisted: false });
  // WebKitGTK 2.50 leaves the Blobs in IndexedDB out of what it says is stored.
  expect(seen.all.usage.usageBytes).toBeGreaterThan(otherEngine === "webkit" ? 0 : bytes);
  expect(seen.withoutOne.names).toEqual(["b@1", "a@1"]);
  expect(seen.withoutOne.usage.modelBytes).toBe(2 * bytes);
  expect(seen.withoutBoth.names).toEqual(["b@1"]);
  expect(seen.empty).toMatchObject({ names: [], privateFiles: 0, usage: { modelBytes: 0 } });
  expect(seen.withoutBoth.privateFiles).toBe(seen.all.privateFiles / 3);
  expect(seen.empty.keys).toBeLessThanOrEqual(3); // Of no model: the layout, how fast threads are, and that it was asked to persist.
});

test("asks once that what is stored may stay, over all models, loads and visits", async ({
  kitPage,
  server,
}) => {
  await kitPage.addInitScript(() => {
    // Of the prototype, because WebKit forgets what was set on an object that nobody holds.
    StorageManager.prototype.persist = () => {
      const count = Number(localStorage.getItem("asked")) + 1;
      localStorage.setItem("asked", String(count));
      return Promise.resolve(true);
    };
  });
  await kitPage.reload();
  await kitPage.waitForFunction(() => "kit" in window);
  const asked = (): Promise<number> =>
    kitPage.evaluate(() => Number(localStorage.getItem("asked")));
  const [a, b, c] = await Promise.all(["a", "b", "c"].map((id) => shardedModel(kitPage, { id })));
  await use(kitPage, a!, { cache: { name: "another", askToPersist: false } });
  expect(await asked()).toBe(0);
  await use(kitPage, b!);
  expect(await asked()).toBe(1);
  await use(kitPage, b!);
  await kitPage.reload();
  await kitPage.waitForFunction(() => "kit" in window);
  await use(kitPage, c!);
  expect(server.requests.length).toBeGreaterThan(0);
  expect(await asked()).toBe(1);
});

test(
  "site data cleared in mid-download cost only what was stored",
  onlyInChromium(
    "It clears the data of an origin, which only Chromium's protocol does in mid-download.",
  ),
  async ({ kitPage, server }) => {
    const model = await shardedModel(kitPage, { shardBytes: 2 ** 16 });
    server.faults.push({ path: ".onnx", kind: "slow", bytesPerSecond: 400_000 });
    const using = use(kitPage, model);
    await expect
      .poll(async () => (await storedShards(kitPage, model)).length, { intervals: [50] })
      .toBeGreaterThan(8);
    const cdp = await kitPage.context().newCDPSession(kitPage);
    const { origin } = server;
    await cdp.send("Storage.clearDataForOrigin", { origin, storageTypes: "all" });
    server.faults.length = 0;
    expect((await using).text).toBe(CAPTION);

    await kitPage.reload();
    await kitPage.waitForFunction(() => "kit" in window);
    expect((await use(kitPage, model)).text).toBe(CAPTION);
    await expectWhole(kitPage, model);
  },
);
