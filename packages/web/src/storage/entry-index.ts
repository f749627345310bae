/**
 * Knows which entries a cache holds, how large they are and when each was used last, so that the least recently used go
 * first. It is kept in records of at most `MAX_ENTRIES` each: an entry that is added or used writes one of them, so it
 * costs the same however many entries there are.
 */

import { readStored } from "../schema/read.ts";
import { cacheEntry } from "../schema/stored.ts";
import { LruMap } from "../shared/lru-map.ts";
import { randomName } from "../shared/random-name.ts";
import type { Store } from "./store.ts";

export interface EntryIndexLimits {
  /** The most bytes that all entries may take. */
  readonly maxBytes: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export interface EntryIndex {
  /**
   * Adds an entry, or replaces it. It counts as used now.
   *
   * @returns the keys of the entries that have to go, so that the rest fits. They are out of the index already.
   */
  add(key: string, bytes: number): Promise<readonly string[]>;
  /** Says that an entry was used. An entry that the index does not know is left alone. */
  touch(key: string): Promise<void>;
  /** The keys, those used last first. */
  keysByUse(): Promise<readonly string[]>;
  usedBytes(): Promise<number>;
  /** The store was cleared. */
  forget(): void;
}

interface Entry {
  readonly bytes: number;
  /** Milliseconds since the epoch. */
  readonly usedAt: number;
}

type Entries = Readonly<Record<string, Entry>>;

/** The most entries of one record. A record takes about 6 KB then. */
const MAX_ENTRIES = 64;

/**
 * After it has added this part of `maxBytes`, a tab reads again what the other tabs have added. So the entries take no
 * more than this part over `maxBytes` for each tab.
 */
const REREAD_PART = 1 / 16;

const RECORD_PREFIX = "index|";

/** The key of the one record that earlier versions had. */
const INDEX = "index";

/** What this tab knows of the records. */
interface Known {
  readonly entries: LruMap<string, PlacedEntry>;
  /** How many entries each record has. */
  readonly counts: Map<string, number>;
  /** What is over the limit since the records were read. It goes with the next entry. */
  readonly excess: [string, PlacedEntry][];
  addedBytes: number;
}

interface PlacedEntry extends Entry {
  /** The key of the record that has it. */
  readonly record: string;
}

export function createEntryIndex(store: Store, { maxBytes, now }: EntryIndexLimits): EntryIndex {
  let loading: Promise<Known> | undefined;
  const known = (): Promise<Known> =>
    (loading ??= load(store, maxBytes).catch((error: unknown) => {
      loading = undefined; // A failed load must not be remembered.
      throw error;
    }));

  return {
    async add(key, bytes) {
      const all = await known();
      const before = all.entries.get(key);
      const record = before?.record ?? recordWithRoom(all.counts);
      if (!before) count(all.counts, record, 1);
      const entry = { bytes, usedAt: now() };
      await change(store, record, (entries) => ({ ...entries, [key]: entry }));

      const evicted = [...all.excess.splice(0), ...all.entries.set(key, { ...entry, record })];
      for (const [name, keys] of groupByRecord(evicted)) {
        count(all.counts, name, -keys.length);
        await change(store, name, (entries) => without(entries, keys));
      }
      all.addedBytes += bytes;
      if (all.addedBytes > maxBytes * REREAD_PART) loading = undefined;
      return evicted.map(([one]) => one);
    },
    async touch(key) {
      const { entries } = await known();
      const entry = entries.get(key); // It is the one used last now.
      if (entry === undefined) return;
      const usedAt = now();
      await change(store, entry.record, (stored) => {
        const one = stored[key];
        return one === undefined ? stored : { ...stored, [key]: { ...one, usedAt } };
      });
    },
    async keysByUse() {
      const { entries } = await known();
      return [...entries].map(([key]) => key).reverse();
    },
    async usedBytes() {
      loading = undefined; // Other tabs may have added something.
      return (await known()).entries.total;
    },
    forget() {
      loading = undefined;
    },
  };
}

/** Reads all records. The one of an earlier version is divided, once. */
async function load(store: Store, maxBytes: number): Promise<Known> {
  const names = (await store.keys()).filter(
    (key) => key === INDEX || key.startsWith(RECORD_PREFIX),
  );
  const records = new Map<string, Entries>();
  for (const [name, entries] of await Promise.all(
    names.map(async (name) => [name, readEntries(await store.get(name))] as const),
  )) {
    if (name !== INDEX) {
      records.set(name, entries);
      continue;
    }
    for (const part of divide(entries)) {
      const partName = createName();
      records.set(partName, part);
      await store.set(partName, part);
    }
    await store.delete([INDEX]);
  }

  const counts = new Map<string, number>();
  const placed: [string, PlacedEntry][] = [];
  for (const [record, entries] of records) {
    const all = Object.entries(entries);
    counts.set(record, all.length);
    for (const [key, entry] of all) placed.push([key, { ...entry, record }]);
  }
  const entries = new LruMap<string, PlacedEntry>({ max: maxBytes, sizeOf: ({ bytes }) => bytes });
  // An entry that two tabs added is in two records. The later one counts.
  const excess = placed
    .sort(([, a], [, b]) => a.usedAt - b.usedAt)
    .flatMap(([key, entry]) => entries.set(key, entry));
  return { entries, counts, excess, addedBytes: 0 };
}

function recordWithRoom(counts: ReadonlyMap<string, number>): string {
  for (const [record, entries] of counts) if (entries < MAX_ENTRIES) return record;
  return createName();
}

/** Names are random, so that two tabs never make the same record. */
const createName = (): string => RECORD_PREFIX + randomName();

function count(counts: Map<string, number>, record: string, change: number): void {
  const entries = (counts.get(record) ?? 0) + change;
  if (entries > 0) counts.set(record, entries);
  else counts.delete(record);
}

/** A record without entries is deleted. */
const change = (store: Store, record: string, edit: (entries: Entries) => Entries): Promise<void> =>
  store.update(record, (value) => {
    const entries = edit(readEntries(value));
    return Object.keys(entries).length > 0 ? entries : undefined;
  });

function groupByRecord(evicted: readonly [string, PlacedEntry][]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const [key, { record }] of evicted) {
    const keys = groups.get(record);
    if (keys) keys.push(key);
    else groups.set(record, [key]);
  }
  return groups;
}

const without = (entries: Entries, keys: readonly string[]): Entries =>
  Object.fromEntries(Object.entries(entries).filter(([key]) => !keys.includes(key)));

function divide(entries: Entries): Entries[] {
  const all = Object.entries(entries);
  const parts = Math.ceil(all.length / MAX_ENTRIES);
  return Array.from({ length: parts }, (_, part) =>
    Object.fromEntries(all.slice(part * MAX_ENTRIES, (part + 1) * MAX_ENTRIES)),
  );
}

/** What is no entry is left out. */
function readEntries(stored: unknown): Entries {
  const entries = Object.entries(stored ?? {}).flatMap(([key, value]: [string, unknown]) => {
    const entry = readStored(cacheEntry, value);
    return entry ? [[key, entry] as const] : [];
  });
  return Object.fromEntries(entries);
}
