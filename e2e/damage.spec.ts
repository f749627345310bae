/** Stored bytes that are not what they were: found at the next load, and only they are fetched again. */

import { mkdir, readFile, writeFile } from "node:fs/promises";
import type { Page } from "@playwright/test";
import type { ModelDescriptor } from "@fastvlm-kit/web";
import { EXHAUSTIVE_TAG, isExhaustive } from "../tools/exhaustive.ts";
import {
  expect,
  LARGE_MODEL_FOLDER,
  NO_PRIVATE_FILES,
  notIn,
  test,
  TINY_MODEL_FOLDER,
} from "./fixtures.ts";
import type { TestServer } from "./server/test-server.ts";
import {
  askedShards,
  CAPTION,
  expectWhole,
  hashesOf,
  loadAndCaption,
  SCENE,
  shardedModel,
  shardsOf,
  unpinned,
  type Shard,
} from "./stored-model.ts";

const KIB = 2 ** 10;

/** Where the weights are kept. */
const PLACES = ["private files", "IndexedDB"] as const;

async function workWith(page: Page, place: (typeof PLACES)[number]): Promise<void> {
  if (place === "private files") return;
  await page.evaluate(() => {
    window.kit.breakWorkers("no-private-files");
  });
}

type Damage = "flipped bit" | "truncated" | "swapped" | "missing" | "emptied";

/** Damages stored shards, each in its own way. Positions follow from `random`, which is below 1. */
async function damage(
  page: Page,
  shards: readonly { shard: Shard; damage: Damage; random: number }[],
): Promise<void> {
  await page.evaluate(async (shards) => {
    const { stored } = window.kit;
    const all = await stored.listShards();
    const keyOf = (shard: string): string =>
      all.find(({ path, index }) => `${path}#${String(index)}` === shard)!.key;
    for (const { shard, damage, random } of shards) {
      const key = keyOf(shard);
      const read = async (key: string) =>
        new Uint8Array(await (await stored.readPart(key)).arrayBuffer());
      const bytes = await read(key);
      const at = Math.floor(random * bytes.length);
      if (damage === "flipped bit") {
        bytes[at]! ^= 1 << Math.floor(random * 8);
        await stored.overwritePart(key, bytes);
      } else if (damage === "swapped") {
        const other = all.find((one) => one.key !== key && one.path === shard.split("#")[0])!;
        await stored.overwritePart(key, await read(other.key));
      } else {
        await stored.overwritePart(key, bytes.slice(0, damage === "truncated" ? at : 0));
        if (damage === "emptied") await stored.set(key, null);
        if (damage === "missing") await stored.delete([key]);
      }
    }
  }, shards);
}

/** Loads again, and expects that `damaged` were found and fetched, and nothing else was. */
async function expectRepair(
  page: Page,
  server: TestServer,
  model: ModelDescriptor,
  damaged: readonly Shard[],
): Promise<void> {
  server.log.length = 0;
  const { text, corruptions } = await page.evaluate(
    async ({ model, scene }) => {
      const { vlm, metrics } = await window.kit.observe({ model });
      const { text } = await vlm.caption(scene, { cache: false });
      await vlm.dispose();
      const found = metrics.filter(({ name }) => name === "vlm.model.cache.corruptions");
      return { text, corruptions: found.length };
    },
    { model, scene: SCENE },
  );
  expect(text).toBe(CAPTION);
  expect(askedShards(server, model).sort()).toEqual([...damaged].sort());
  // One for each file that was not whole.
  expect(corruptions).toBe(new Set(damaged.map((shard) => shard.split("#")[0])).size);
  await expectWhole(page, model);
}

for (const place of PLACES) {
  // The test after this one damages shards of both places.
  const tag = place === "private files" ? [] : EXHAUSTIVE_TAG;
  const name = `${place}: flipped bits at random places of the stored weights are found, and only their shards fetched again`;
  test(name, { tag }, async ({ kitPage, server }) => {
    await workWith(kitPage, place);
    const model = await shardedModel(kitPage, { shardBytes: 64 * KIB });
    expect(await loadAndCaption(kitPage, model)).toBe(CAPTION);
    const shards = shardsOf(model);
    for (let round = 0; round < (isExhaustive ? 2 : 1); round++) {
      const chosen = new Map<Shard, number>();
      while (chosen.size < 4) {
        chosen.set(shards[Math.floor(Math.random() * shards.length)]!, Math.random());
      }
      await test.step(`at ${JSON.stringify([...chosen])}`, async () => {
        const damages = [...chosen].map(([shard, random]) => ({ shard, random }));
        await damage(
          kitPage,
          damages.map((one) => ({ ...one, damage: "flipped bit" })),
        );
        await expectRepair(kitPage, server, model, [...chosen.keys()]);
      });
    }
  });
}

for (const place of PLACES) {
  test(`${place}: shards that are cut short, missing, empty or another one's are found and fetched again`, async ({
    kitPage,
    server,
  }) => {
    await workWith(kitPage, place);
    const model = await shardedModel(kitPage, { shardBytes: 64 * KIB });
    expect(await loadAndCaption(kitPage, model)).toBe(CAPTION);
    const [vision, decoder] = [
      "onnx/vision_encoder_int8.onnx",
      "onnx/decoder_model_merged_int8.onnx",
    ];
    const damages = [
      { shard: `${vision}#0`, damage: "truncated", random: 0.5 },
      { shard: `${vision}#7`, damage: "missing", random: 0 },
      { shard: `${vision}#38`, damage: "truncated", random: 0 },
      { shard: `${decoder}#3`, damage: "swapped", random: 0 },
      { shard: `${decoder}#5`, damage: "emptied", random: 0 },
    ] as const;
    await damage(kitPage, damages);
    await expectRepair(
      kitPage,
      server,
      model,
      damages.map(({ shard }) => shard),
    );
  });
}

test(
  "a file whose record is gone is not fetched again, because the journal has it",
  notIn("webkit", NO_PRIVATE_FILES),
  async ({ kitPage, server }) => {
    const model = await shardedModel(kitPage, { shardBytes: 64 * KIB });
    await loadAndCaption(kitPage, model);
    await kitPage.evaluate(async () => {
      const { stored } = window.kit;
      const keys = await stored.keys();
      await stored.delete(keys.filter((key) => key.startsWith("file|") && key.includes("embed")));
    });
    server.log.length = 0;
    expect(await loadAndCaption(kitPage, model)).toBe(CAPTION);
    expect(askedShards(server, model)).toEqual([]);
    await expectWhole(kitPage, model);
  },
);

test(
  "a file whose record is damaged costs no more than that file",
  { tag: EXHAUSTIVE_TAG },
  async ({ kitPage, server }) => {
    const model = await shardedModel(kitPage, { shardBytes: 64 * KIB });
    const changes = [{ bytes: 1000 }, { shards: [] }, { shardBytes: 1000 }];
    for (const change of changes) {
      await loadAndCaption(kitPage, model);
      await kitPage.evaluate(async (change) => {
        const { stored } = window.kit;
        const key = (await stored.keys()).find(
          (one) => one.startsWith("file|") && one.includes("embed"),
        )!;
        await stored.update(key, (record) => ({ ...(record as object), ...change }));
      }, change);
      server.log.length = 0;
      expect(await loadAndCaption(kitPage, model), JSON.stringify(change)).toBe(CAPTION);
      const asked = askedShards(server, model);
      expect(asked.filter((shard) => !shard.includes("embed"))).toEqual([]);
      await expectWhole(kitPage, model);
    }
  },
);

/** Enough of it that another worker verifies the files while this one begins to load. */
const MANY_BYTES = 40 * 2 ** 20;

test("damage in large files, which another worker verifies, is found as well", async ({
  kitPage,
  server,
}) => {
  test.setTimeout(180_000);
  const decoder = "onnx/decoder_model_merged_int8.onnx";
  await mkdir(LARGE_MODEL_FOLDER, { recursive: true });
  const content = Buffer.concat([
    await readFile(TINY_MODEL_FOLDER + decoder),
    remarkOf(MANY_BYTES),
  ]);
  await writeFile(`${LARGE_MODEL_FOLDER}decoder.onnx`, content);
  const pinned = await shardedModel(kitPage);
  const url = `${server.origin}/models/large/decoder.onnx`;
  const file = { url, bytes: content.length, ...hashesOf(content, 4 * 2 ** 20) };
  const model = { ...pinned, files: { ...pinned.files, [decoder]: file } };
  expect(await loadAndCaption(kitPage, model)).toBe(CAPTION);

  const shard = `${decoder}#9`;
  await damage(kitPage, [{ shard, damage: "flipped bit", random: 0.5 }]);
  await expectRepair(kitPage, server, model, [shard]);
  await expectRepair(kitPage, server, model, []);

  // A worker that may not start that other one verifies all of them itself.
  await kitPage.evaluate(() => {
    window.kit.breakWorkers("no-verifier");
  });
  await damage(kitPage, [{ shard, damage: "flipped bit", random: 0.2 }]);
  await expectRepair(kitPage, server, model, [shard]);
});

/** A remark of so many bytes at the end of an ONNX file: `doc_string`, field 6 of a model. */
function remarkOf(bytes: number): Buffer {
  const head = [0x32];
  for (let rest = bytes; rest > 0; rest >>>= 7) head.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
  return Buffer.concat([Buffer.from(head), Buffer.alloc(bytes, "remark ")]);
}

test("when the server's bytes are wrong too, it is an error after one fresh download", async ({
  kitPage,
  server,
}) => {
  const model = await shardedModel(kitPage, { shardBytes: 64 * KIB });
  await loadAndCaption(kitPage, model);
  const shard = "onnx/decoder_model_merged_int8.onnx#3";
  await damage(kitPage, [{ shard, damage: "flipped bit", random: 0.5 }]);
  server.faults.push({ path: "decoder_model_merged", kind: "corrupt" });
  server.log.length = 0;
  const error = await kitPage.evaluate(
    (model) => window.kit.failureOf(() => window.kit.observe({ model, device: "wasm" })),
    model,
  );
  expect(error).toMatchObject({ code: "download-failed", details: { reason: "integrity" } });
  expect(askedShards(server, model)).toEqual([shard, shard]);

  server.faults.length = 0;
  server.log.length = 0;
  expect(await loadAndCaption(kitPage, model)).toBe(CAPTION);
  expect(askedShards(server, model)).toEqual([shard]);
  await expectWhole(kitPage, model);
});

test('damage under network: "none" is an error that says so, and the next visit repairs it', async ({
  kitPage,
  server,
}) => {
  const model = await shardedModel(kitPage, { shardBytes: 64 * KIB });
  await loadAndCaption(kitPage, model);
  const shard = "onnx/vision_encoder_int8.onnx#3";
  await damage(kitPage, [{ shard, damage: "flipped bit", random: 0.5 }]);
  server.log.length = 0;
  const error = await kitPage.evaluate(
    (model) =>
      window.kit.failureOf(() => window.kit.observe({ model, device: "wasm", network: "none" })),
    model,
  );
  expect(error).toMatchObject({ code: "network-forbidden" });
  expect(askedShards(server, model)).toEqual([]);
  expect(await loadAndCaption(kitPage, model)).toBe(CAPTION);
  expect(askedShards(server, model)).toEqual([shard]);
  await expectWhole(kitPage, model);
});

test("a model without hashes is held to its first download until it is deleted", async ({
  kitPage,
  server,
}) => {
  const pinned = await shardedModel(kitPage);
  const model = unpinned(pinned);
  const path = "onnx/embed_tokens_int8.onnx";
  expect(await loadAndCaption(kitPage, model)).toBe(CAPTION);

  // Other bytes, of the same length, at the server; the stored ones are lost.
  const address = new URL(pinned.files[path]!.url).pathname;
  const bytes = new Uint8Array(await (await fetch(server.origin + address)).arrayBuffer());
  bytes[bytes.length >> 1]! ^= 1;
  server.replace(address, bytes);
  await damage(kitPage, [{ shard: `${path}#0`, damage: "missing", random: 0 }]);
  server.log.length = 0;
  const error = await kitPage.evaluate(
    (model) => window.kit.failureOf(() => window.kit.observe({ model, device: "wasm" })),
    model,
  );
  expect(error).toMatchObject({ code: "download-failed", details: { reason: "integrity" } });
  expect(server.log.filter((one) => one.path === address).length).toBeLessThanOrEqual(2);

  await kitPage.evaluate(async ({ id, revision }) => {
    const library = window.kit.openLibrary();
    await library.deleteModel(id, revision);
    await library.dispose();
  }, model);
  await loadAndCaption(kitPage, model);
  const stored = await kitPage.evaluate((name) => window.kit.stored.hashFiles(name), {
    id: model.id,
    revision: model.revision,
  });
  expect(stored[path]).not.toBe(pinned.files[path]!.sha256);
});
