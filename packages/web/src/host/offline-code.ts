/**
 * The code that a later offline visit needs: this worker's script and chunks, and onnxruntime's files.
 * What they are depends on the app's bundler, so they are loaded once and the browser is asked what came.
 */

import type { StartPhase } from "../protocol/errors.ts";
import { CODE_CACHE } from "../protocol/storage.ts";
import type { Device } from "../protocol/model-descriptor.ts";
import { chooseBuild } from "../engines/ort/load-ort.ts";
import type { OrtFiles } from "../engines/ort/ort-files.ts";
import { startOrt } from "../engines/ort/start-ort.ts";
import type { Store } from "../storage/store.ts";
import { loadCode } from "./load-code.ts";

interface CodeRecord {
  readonly urls: readonly string[];
  /** Milliseconds since the epoch. */
  readonly storedAt: number;
}

/** This build of the app, and the one before it, which an older tab may still run. */
const KEPT_BUILDS = 2;

export interface CodeOptions {
  readonly device: Device;
  /** Where the addresses are remembered, by this worker's own. */
  readonly store: Store;
  readonly ortFiles: OrtFiles | undefined;
}

export interface StoreCodeOptions extends CodeOptions {
  readonly onPhase: (phase: StartPhase) => void;
}

/**
 * Loads the code for a device and puts it where a service worker can serve it from.
 *
 * @throws {VlmError} `download-failed`
 */
export async function storeCode(options: StoreCodeOptions): Promise<void> {
  const { device, ortFiles, store, onPhase } = options;
  onPhase("script");
  await loadCode(() => import("../inference/loaded-model.ts"));
  // Threads need no other code, and are not needed to load it.
  await loadCode(() => startOrt({ device, wasmThreads: 1, files: ortFiles, onPhase }));
  const urls = listLoadedCode();
  const cache = await caches.open(CODE_CACHE);
  for (const url of urls) {
    if (await isCached(url)) continue;
    await loadCode(() => cache.add(new Request(url, { credentials: "same-origin" })));
  }
  await store.set(codeKey(options), { urls, storedAt: Date.now() } satisfies CodeRecord);
  await forgetOldBuilds(store, cache);
}

/** Removes what only builds before {@link KEPT_BUILDS} needed. */
async function forgetOldBuilds(store: Store, cache: Cache): Promise<void> {
  const keys = (await store.keys()).filter((key) => key.startsWith(CODE_PREFIX));
  const records = await Promise.all(
    keys.map(async (key) => ({ key, ...((await store.get(key)) as CodeRecord) })),
  );
  records.sort((a, b) => b.storedAt - a.storedAt);
  const workers = [...new Set(records.map(({ key }) => workerOf(key)))].slice(0, KEPT_BUILDS);
  const isKept = ({ key }: { key: string }): boolean => workers.includes(workerOf(key));
  const needed = new Set(records.filter(isKept).flatMap(({ urls }) => urls));
  for (const { key, urls } of records.filter((record) => !isKept(record))) {
    for (const url of urls) if (!needed.has(url)) await cache.delete(url);
    await store.delete([key]);
  }
}

/** Whether the code for a device, of this very build, can be had without a network. */
export async function isCodeStored(options: CodeOptions): Promise<boolean> {
  if (!("caches" in self)) return false;
  const record = (await options.store.get(codeKey(options))) as CodeRecord | undefined;
  if (!record) return false;
  for (const url of record.urls) if (!(await isCached(url))) return false;
  return true;
}

const CODE_PREFIX = "code|";

/**
 * Another build of the app has another worker address, and so a record of its own; so has another
 * build of onnxruntime, which a browser may choose after its own update.
 */
function codeKey({ device, ortFiles: files }: CodeOptions): string {
  const build = chooseBuild({ device, files });
  return `${CODE_PREFIX}${encodeURIComponent(self.location.href)}|${build}`;
}

function workerOf(key: string): string | undefined {
  return key.split("|")[1];
}

/** In any cache: a service worker may have it in its own. */
async function isCached(url: string): Promise<boolean> {
  return (await caches.match(url, { ignoreSearch: true, ignoreVary: true })) !== undefined;
}

/** Scripts and runtimes that this worker has loaded, itself included. */
function listLoadedCode(): string[] {
  const loaded = performance.getEntriesByType("resource").map(({ name }) => name);
  const isCode = (url: string): boolean => /\.(?:m?js|ts|wasm)$/.test(new URL(url).pathname);
  return [...new Set([self.location.href, ...loaded])].filter(isCode);
}
