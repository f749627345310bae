/**
 * The minutes of this tab and of all others. Reading merges them. What cannot be stored is kept in memory, and is
 * tried again with the next minute: a store that fails costs nothing but its own contents.
 */

import { createSeriesSet, type SeriesSet } from "../series/series-set.ts";
import type { Series } from "../series/series.ts";
import { MINUTE_MS, minuteOf, readMinuteRecord, type MinuteRecord } from "./minute-record.ts";
import type { LeftMinutes } from "./left-minutes.ts";
import type { MinuteStore } from "./minute-store.ts";

/** What all tabs measured in one minute. */
export interface MergedMinute {
  /** When it began, in milliseconds since the epoch. */
  readonly minute: number;
  readonly series: readonly Series[];
}

export interface MinuteLogOptions {
  /** Undefined: everything is in memory. */
  readonly store: MinuteStore | undefined;
  /** What pages have left, which goes into the store. */
  readonly left?: LeftMinutes | undefined;
  /** Minutes that ended before this are deleted, in milliseconds. */
  readonly retentionMs: number;
  /** Above this many bytes (as JSON) the oldest minutes are deleted. */
  readonly maxBytes: number;
  readonly now: () => number;
}

/** How many minutes that could not be stored are kept: one day. */
const MAX_UNSTORED = 1440;

export class MinuteLog {
  readonly #options: MinuteLogOptions;
  /** This tab's minutes that are not stored, or not as they are now. */
  readonly #unstored = new Map<number, MinuteRecord>();
  #isFailing = false;

  constructor(options: MinuteLogOptions) {
    this.#options = options;
  }

  /** Whether what is measured outlives this page. */
  get isPersistent(): boolean {
    return this.#options.store !== undefined && !this.#isFailing;
  }

  /** Takes the newest state of a minute of this tab. */
  put(record: MinuteRecord): void {
    this.#unstored.set(record.minute, record);
    for (const minute of this.#unstored.keys()) {
      if (this.#unstored.size <= MAX_UNSTORED) break;
      this.#unstored.delete(minute);
    }
  }

  /** The page is left now. What is not stored is kept, even if the browser ends what the page does. */
  leave(): void {
    const { store, left } = this.#options;
    if (!store || this.#isFailing) return; // Nobody could move it into a store that fails.
    for (const record of this.#unstored.values()) left?.keep(record);
  }

  /** Stores what is not stored, and what other pages have left. Never rejects. */
  async flush(): Promise<void> {
    const { store } = this.#options;
    if (!store) return;
    await this.#storeLeft(store);
    for (const record of [...this.#unstored.values()]) {
      if (!(await this.#write(store, record))) return;
      // It may have been replaced in the meantime.
      if (this.#unstored.get(record.minute) === record) this.#unstored.delete(record.minute);
    }
  }

  /** The minutes from the one of `from` to the one of `to`, without those in which nothing was measured. Never rejects. */
  async read(from: number, to: number): Promise<readonly MergedMinute[]> {
    const { store } = this.#options;
    if (store) await this.#storeLeft(store);
    const [first, last] = [minuteOf(from), minuteOf(to)];
    // Taken before the store is read: what is stored meanwhile is then in both, and counts once.
    const own = [...this.#unstored.values()].filter(
      ({ minute }) => minute >= first && minute <= last,
    );
    const stored = store ? await this.#attempt(() => store.read(first, last + MINUTE_MS), []) : [];
    const setsByMinute = new Map<number, SeriesSet>();
    const merge = ({ minute, series }: MinuteRecord): void => {
      const set = setsByMinute.get(minute) ?? createSeriesSet();
      setsByMinute.set(minute, set);
      set.merge(series);
    };
    for (const { value } of stored) {
      const record = readMinuteRecord(value);
      if (record && !own.some((one) => isSame(one, record))) merge(record);
    }
    own.forEach(merge);
    return [...setsByMinute]
      .sort(([a], [b]) => a - b)
      .map(([minute, set]) => ({ minute, series: set.list() }));
  }

  /** Deletes what is too old, and the oldest of what is too much. Never rejects. */
  async prune(): Promise<void> {
    const { store, now, retentionMs, maxBytes } = this.#options;
    if (!store) return;
    const oldest = now() - retentionMs;
    const stored = await this.#attempt(() => store.read(0, Number.MAX_SAFE_INTEGER), []);
    let bytes = 0;
    const excess = stored.toReversed().filter(({ key: [minute], value }) => {
      bytes += JSON.stringify(value).length;
      return bytes > maxBytes || minute < oldest;
    });
    if (excess.length === 0) return;
    await this.#attempt(() => store.delete(excess.map(({ key }) => key)), undefined);
  }

  /** @returns whether it is stored now */
  #write(store: MinuteStore, record: MinuteRecord): Promise<boolean> {
    return this.#attempt(async () => {
      await store.write(record);
      this.#options.left?.remove(record);
      return true;
    }, false);
  }

  async #storeLeft(store: MinuteStore): Promise<void> {
    for (const record of this.#options.left?.list() ?? []) {
      // This page goes on after all, and what it has now is newer.
      if (this.#unstored.get(record.minute)?.tab === record.tab) continue;
      if (!(await this.#write(store, record))) return;
    }
  }

  /** Whatever a browser throws for a store that it refuses, the answer is the same: memory. */
  async #attempt<T>(work: () => Promise<T>, otherwise: T): Promise<T> {
    try {
      const result = await work();
      this.#isFailing = false;
      return result;
    } catch {
      this.#isFailing = true;
      return otherwise;
    }
  }
}

function isSame(one: MinuteRecord, other: MinuteRecord): boolean {
  return one.minute === other.minute && one.tab === other.tab;
}
