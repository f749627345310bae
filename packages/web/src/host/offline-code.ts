/**
 * Stores the code that a later offline visit needs: this worker's script and chunks, and the engine's files. Their
 * addresses depend on the app's bundler. So they are loaded once, and the browser is asked which addresses were loaded.
 */

import type { StartPhase } from "../protocol/errors.ts";
import { CODE_CACHE } from "../protocol/storage.ts";
import { readStored } from "../schema/read.ts";
import { codeRecord } from "../schema/stored.ts";
import type { Device } from "../protocol/model-descriptor.ts";
import type { Engine } from "../engines/engine.ts";
import { watchBytes } from "../shared/watch-bytes.ts";
import { workerScriptUrl } from "../shared/worker-script.ts";
import type { Store } from "../storage/store.ts";
import { loadCode } from "./load-code.ts";

interface CodeRecord {
  readonly urls: readonly string[];
  /** Milliseconds since the epoch. */
  readonly storedAt: number;
}

/** The code of two builds is kept: of this one, and of the one before it, which an older tab may still run. */
const KEPT_BUILDS = 2;

/** An engine, and the device that it is needed on. */
export interface EngineUse {
  readonly engine: Engine;
  readonly device: Device;
}

export interface CodeOptions extends EngineUse {
  /** Where the addresses are stored, under a key with this worker's own address. */
  readonly store: Store;
}

export interface StoreCodeOptions extends CodeOptions {
  readonly onPhase: (phase: StartPhase, url?: string) => void;
}

/**
 * Loads the code for a device, and puts it into the Cache from which a service worker can serve it.
 *
 * @throws {VlmError} `download-failed`
 */
export async function storeCode(options: StoreCodeOptions): Promise<void> {
  const { engine, device, store, onPhase } = options;
  onPhase("script");
  await loadCode(() => import("../inference/loaded-model.ts"));
  const code = await loadCode(() => engine.load());
  // One thread is enough here, because threads need no other code.
  await loadCode(() => code.start({ device, wasmThreads: 1, onPhase }));
  const urls = listLoadedCode();
  const cache = await caches.open(CODE_CACHE);
  for (const url of urls) {
    if (await isCached(url)) continue;
    await loadCode(() => putFile(cache, url, onPhase));
  }
  await store.set(codeKey(options), { urls, storedAt: Date.now() } satisfies CodeRecord);
  await forgetOldBuilds(store, cache);
}

/** Puts a file into the Cache, and tells while it arrives. */
async function putFile(
  cache: Cache,
  url: string,
  onPhase: StoreCodeOptions["onPhase"],
): Promise<void> {
  const onBytes = (): void => {
    onPhase(url.endsWith(".wasm") ? "wasm" : "script", url);
  };
  onBytes();
  const response = await fetch(url, { credentials: "same-origin" });
  if (!response.ok) throw new TypeError(`The server answered ${String(response.status)}.`);
  await Promise.all([watchBytes(response, onBytes), cache.put(url, response)]);
}

/** Removes code that only builds older than the last {@link KEPT_BUILDS} needed. */
async function forgetOldBuilds(store: Store, cache: Cache): Promise<void> {
  const keys = (await store.keys()).filter((key) => key.startsWith(CODE_PREFIX));
  const records = await Promise.all(
    keys.map(async (key) => ({ key, ...(await readRecord(store, key)) })),
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

/** Whether the code for a device, of this build, can be loaded without a network. */
export async function isCodeStored(options: CodeOptions): Promise<boolean> {
  if (!("caches" in self)) return false;
  const { urls } = await readRecord(options.store, codeKey(options));
  for (const url of urls) if (!(await isCached(url))) return false;
  return urls.length > 0;
}

/** What is no record, or not there, names no code, and is the oldest. */
async function readRecord(store: Store, key: string): Promise<CodeRecord> {
  return readStored(codeRecord, await store.get(key)) ?? { urls: [], storedAt: 0 };
}

const CODE_PREFIX = "code|";

/**
 * The key of the record. Another build of the app has another worker address, and so another record. The same is true for
 * other code of the engine, which a browser may choose after an update of the browser.
 */
function codeKey({ engine, device }: EngineUse): string {
  return `${CODE_PREFIX}${encodeURIComponent(workerScriptUrl())}|${engine.codeName(device)}`;
}

function workerOf(key: string): string | undefined {
  return key.split("|")[1];
}

/** Looks in every Cache, because a service worker may have the file in a Cache of its own. */
async function isCached(url: string): Promise<boolean> {
  return (await caches.match(url, { ignoreSearch: true, ignoreVary: true })) !== undefined;
}

/** The addresses of all scripts and runtimes that this worker has loaded, with its own script. */
function listLoadedCode(): string[] {
  const loaded = performance.getEntriesByType("resource").map(({ name }) => name);
  const isCode = (url: string): boolean => /\.(?:m?js|ts|wasm)$/.test(new URL(url).pathname);
  return [...new Set([workerScriptUrl(), ...loaded])].filter(isCode);
}
