/** The embedded model in small shards: which of them are stored, and which a server was asked for. */

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Page } from "@playwright/test";
import type { FileShards, ModelDescriptor, ModelFile, StoredModel } from "@fastvlm-kit/web";
import { expect, readScenes, TINY_MODEL_FOLDER } from "./fixtures.ts";
import type { TestServer } from "./server/test-server.ts";

const [scene] = readScenes();

/** A picture, and what the whole model says of it. */
export const SCENE = `/scenes/${scene!.file}`;
export const CAPTION = scene!.questions["caption"]!.answer;

interface Hashes {
  readonly sha256: string;
  readonly shards: FileShards;
}

/** One shard of a file, as `path#index`. */
export type Shard = string;

export interface ShardedModelOptions {
  readonly shardBytes?: number;
  readonly precision?: "fp16" | "int8";
  /** Another model for the kit, of the same files. */
  readonly id?: string;
  readonly revision?: string;
  /** Where the files are fetched from; the page's own, unless given. */
  readonly origin?: string;
}

/** The embedded model's files for WASM. Without `shardBytes`, cut as they are published. */
export async function shardedModel(
  page: Page,
  { shardBytes, precision = "int8", origin, ...names }: ShardedModelOptions = {},
): Promise<ModelDescriptor> {
  const model = await page.evaluate((precision) => window.kit.tinyModel({ precision }), precision);
  const variants = model.variants.filter(({ device }) => device === "wasm");
  const graphs = variants.flatMap((variant) => Object.values(variant.graphs));
  const files = Object.entries(model.files)
    .filter(([path]) => !path.endsWith(".onnx") || graphs.includes(path))
    .map(async ([path, file]) => {
      const url = origin === undefined || isInline(file) ? file.url : origin + pathOf(file);
      const shards = shardBytes === undefined ? file.shards! : await cut(path, shardBytes);
      return [path, { ...file, url, shards }] as const;
    });
  return { ...model, ...names, variants, files: Object.fromEntries(await Promise.all(files)) };
}

/** The same model of a publisher who tells no hashes. */
export function unpinned(model: ModelDescriptor): ModelDescriptor {
  const files = Object.entries(model.files).map(
    ([path, { url, bytes }]) => [path, { url, bytes, isApproximate: true }] as const,
  );
  return { ...model, files: Object.fromEntries(files) };
}

async function cut(path: string, shardBytes: number): Promise<FileShards> {
  return hashesOf(await readFile(TINY_MODEL_FOLDER + path), shardBytes).shards;
}

/** What a manifest says of a file's content. */
export function hashesOf(content: Buffer, shardBytes: number): Hashes {
  const hash = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
  const sha256: string[] = [];
  for (let start = 0; start < content.length; start += shardBytes) {
    sha256.push(hash(content.subarray(start, start + shardBytes)));
  }
  return { sha256: hash(content), shards: { bytes: shardBytes, sha256 } };
}

/** Small files are part of the page's own script, as a bundler does it. */
const isInline = ({ url }: ModelFile): boolean => url.startsWith("data:");
const pathOf = ({ url }: ModelFile): string => new URL(url).pathname;

/** Every shard that a server has. */
export function shardsOf(model: ModelDescriptor): Shard[] {
  const files = Object.entries(model.files).filter(([, file]) => !isInline(file));
  return files.flatMap(([path, { shards }]) =>
    shards!.sha256.map((_, index) => `${path}#${String(index)}`),
  );
}

/** Those of them that are in IndexedDB now. */
export async function storedShards(
  page: Page,
  { id, revision, files }: ModelDescriptor,
): Promise<Shard[]> {
  const shards = await page.evaluate(() => window.kit.stored.listShards());
  return shards
    .filter(({ model, path }) => model === `${id}@${revision}` && !isInline(files[path]!))
    .map(({ path, index }) => `${path}#${String(index)}`);
}

/** The stored models. Where the database is lost, that restores its records first. */
export function listModels(page: Page): Promise<StoredModel[]> {
  return page.evaluate(async () => {
    const library = window.kit.openLibrary();
    const models = await library.listModels();
    await library.dispose();
    return models;
  });
}

/** The shards that the server's log says were asked for, as often as they were. */
export function askedShards({ log }: TestServer, model: ModelDescriptor): Shard[] {
  const byPath = new Map(
    Object.entries(model.files).map(([path, file]) => [pathOf(file), { path, file }]),
  );
  return log.flatMap(({ path, range, method }) => {
    const found = byPath.get(path);
    if (!found || method !== "GET") return [];
    const { bytes, shards } = found.file;
    const { start, end } = range ?? { start: 0, end: bytes - 1 };
    const first = Math.floor(start / shards!.bytes);
    const count = Math.floor(end / shards!.bytes) - first + 1;
    return Array.from({ length: count }, (_, index) => `${found.path}#${String(first + index)}`);
  });
}

/** Loads the model and captions the scene. */
export function loadAndCaption(page: Page, model: ModelDescriptor): Promise<string> {
  return page.evaluate(
    async ({ model, scene }) => {
      const { vlm } = await window.kit.observe({ model });
      const { text } = await vlm.caption(scene, { cache: false });
      await vlm.dispose();
      return text;
    },
    { model, scene: SCENE },
  );
}

/** The stored bytes are the manifest's, all of them. */
export async function expectWhole(page: Page, model: ModelDescriptor): Promise<void> {
  const { id, revision, files } = model;
  const wanted = Object.entries(files).map(([path, { sha256 }]) => [path, sha256] as const);
  expect(
    await page.evaluate((name) => window.kit.stored.hashFiles(name), { id, revision }),
  ).toEqual(Object.fromEntries(wanted));
}

/** A start that follows an interrupted one asks for what is not stored, and for that once; then all is well. */
export async function expectToGoOn(
  page: Page,
  server: TestServer,
  model: ModelDescriptor,
): Promise<void> {
  const before = new Set(await storedShards(page, model));
  const parts = shardsOf(model);
  expect(before.size, "nothing was stored, or everything").toBeGreaterThan(0);
  expect(before.size, "nothing was stored, or everything").toBeLessThan(parts.length);
  server.faults.length = 0;
  server.log.length = 0;
  expect(await loadAndCaption(page, model)).toBe(CAPTION);
  expectOnlyMissing(
    askedShards(server, model),
    parts.filter((part) => !before.has(part)),
  );
  await expectWhole(page, model);
}

/** How many shards a browser that ends may leave with a line in the journal and without a record: one a request. */
const MOST_IN_JOURNAL_ONLY = 4;

/** What is missing in the database was asked for, once, except for shards that the journal had. */
export function expectOnlyMissing(asked: readonly Shard[], missing: readonly Shard[]): void {
  expect(new Set(asked).size, String(asked)).toBe(asked.length);
  expect(missing).toEqual(expect.arrayContaining([...asked]));
  expect(missing.length - asked.length).toBeLessThanOrEqual(MOST_IN_JOURNAL_ONLY);
}
