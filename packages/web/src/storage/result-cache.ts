/**
 * Stores answers under a key of everything that was asked: pixels, prompt, model and options. When the cache is over its
 * size, the least recently used answers are removed. A failure here means "no cached answer" and is never an error.
 */

import type { Confidence, FinishReason, ImageInfo, TokenCounts } from "../protocol/result.ts";
import { readStored } from "../schema/read.ts";
import { cachedResult } from "../schema/stored.ts";
import { LruMap } from "../shared/lru-map.ts";
import type { Store } from "./store.ts";

/** The part of a result that is stored. */
export interface CachedResult {
  readonly text: string;
  readonly finishReason: FinishReason;
  readonly tokens: TokenCounts;
  readonly confidence: Confidence;
  readonly probabilities?: readonly number[];
  readonly images: readonly ImageInfo[];
}

interface Entry {
  readonly result: CachedResult;
  readonly usedAt: number;
}

export interface ResultCache {
  /** Reads all stored answers, so that the first look-up need not wait for it. */
  warm(): Promise<void>;
  get(key: string): Promise<CachedResult | undefined>;
  set(key: string, result: CachedResult): Promise<void>;
  /** About how many bytes the entries take. */
  usedBytes(): Promise<number>;
  clear(): Promise<void>;
}

export interface ResultCacheLimits {
  readonly maxBytes: number;
  /** The longest time since the last use, in milliseconds. */
  readonly maxAgeMs: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Uses are recorded to this precision, because they only decide which answer is removed first. */
const USE_PRECISION_MS = 60_000;

// About how many bytes a record takes besides its text, for its key, its numbers and IndexedDB itself.
const ENTRY_OVERHEAD_BYTES = 512;

export function createResultCache(store: Store, limits: ResultCacheLimits): ResultCache {
  const { now } = limits;
  // All answers are read at first use. They are a few megabytes at most, and each look-up is then one Map access.
  let loading: Promise<LruMap<string, Entry>> | undefined;
  const writtenDownAt = new Map<string, number>();
  const entries = (): Promise<LruMap<string, Entry>> => (loading ??= readAll(store, limits));

  return {
    async warm() {
      await entries();
    },
    async get(key) {
      const known = await entries();
      const entry = known.get(key);
      if (!entry) return undefined;
      const result = readStored(cachedResult, entry.result);
      if (!result) {
        known.delete(key);
        void store.delete([key]); // Nobody waits for it.
        return undefined;
      }
      const used = { ...entry, usedAt: now() };
      known.set(key, used);
      if (used.usedAt - (writtenDownAt.get(key) ?? entry.usedAt) > USE_PRECISION_MS) {
        writtenDownAt.set(key, used.usedAt);
        void store.set(key, used); // Nobody waits for it.
      }
      return result;
    },
    async set(key, result) {
      const known = await entries();
      const entry = { result, usedAt: now() };
      writtenDownAt.set(key, entry.usedAt);
      const dropped = known.set(key, entry);
      await store.set(key, entry);
      await store.delete(dropped.map(([one]) => one));
    },
    async usedBytes() {
      return (await entries()).total;
    },
    async clear() {
      await store.clear();
      loading = undefined;
    },
  };
}

/** What is too old, or too much, is deleted. */
async function readAll(
  store: Store,
  { maxAgeMs, maxBytes, now }: ResultCacheLimits,
): Promise<LruMap<string, Entry>> {
  const oldestUse = now() - maxAgeMs;
  const found: [string, Entry][] = [];
  const outdated: string[] = [];
  const keys = await store.keys();
  const values = await Promise.all(keys.map((key) => store.get(key)));
  for (const [index, key] of keys.entries()) {
    const value = values[index];
    if (!isEntry(value)) continue;
    if (value.usedAt < oldestUse) outdated.push(key);
    else found.push([key, value]);
  }
  const known = new LruMap<string, Entry>({ max: maxBytes, sizeOf });
  for (const [key, entry] of found.sort(([, a], [, b]) => a.usedAt - b.usedAt)) {
    outdated.push(...known.set(key, entry).map(([one]) => one));
  }
  if (outdated.length > 0) await store.delete(outdated);
  return known;
}

function sizeOf({ result }: Entry, key: string): number {
  return ENTRY_OVERHEAD_BYTES + 2 * (key.length + result.text.length);
}

/** A quick check, so that the entry can be counted and removed. What is asked for is checked in full. */
function isEntry(value: unknown): value is Entry {
  const { result, usedAt } = (value ?? {}) as {
    result?: Partial<CachedResult> | null;
    usedAt?: unknown;
  };
  return typeof usedAt === "number" && typeof result?.text === "string";
}
