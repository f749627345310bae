/**
 * Remembers in which steps pages ended without a word: the model, device and variant, and how often. A record counts for a
 * while only, because nobody knows whether the device was to blame.
 */

import type { Device } from "../protocol/model-descriptor.ts";
import { crashRecords } from "../schema/crash.ts";
import { readStored } from "../schema/read.ts";
import { parseOrUndefined, type TextStorage } from "./text-storage.ts";

/** A step in which the page may end: the browser's process for the page runs out of memory, or a driver ends it. */
export interface Step {
  readonly model: string;
  readonly device: Device;
  readonly variant: string;
  /** `load`, or `image` with the detail that the image is encoded at. */
  readonly step: string;
}

interface CrashRecord extends Step {
  /** Another version of the browser may have another driver, and is not judged by this record. */
  readonly browser: string;
  readonly count: number;
  /** When the crash was found, in milliseconds since the epoch. */
  readonly at: number;
}

const DAY_MS = 86_400_000;

/** How long a crash counts: the first one in a step, the second one in a row, and every later one. */
export const CRASH_COUNTS_MS: readonly number[] = [DAY_MS, 7 * DAY_MS, 30 * DAY_MS];

export interface CrashRecordsOptions {
  readonly storage: TextStorage;
  /** The key of the records. */
  readonly key: string;
  readonly browser: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export class CrashRecords {
  readonly #options: CrashRecordsOptions;

  constructor(options: CrashRecordsOptions) {
    this.#options = options;
  }

  /** Counts a crash. */
  add(step: Step): void {
    const { browser, now } = this.#options;
    const all = this.#read();
    const count = 1 + (all.find((one) => isSame(one, step))?.count ?? 0);
    this.#write([
      ...all.filter((one) => !isSame(one, step)),
      { ...step, browser, count, at: now() },
    ]);
  }

  /** The step has succeeded, so that its crashes no longer count. */
  forget(step: Step): void {
    const all = this.#read();
    if (all.some((one) => isSame(one, step))) this.#write(all.filter((one) => !isSame(one, step)));
  }

  /** The crashes of this model that count now. */
  list(model: string): readonly Step[] {
    const { now } = this.#options;
    return this.#read().filter(
      (one) => one.model === model && now() - one.at < countsFor(one.count),
    );
  }

  /** The records of this browser. Those that nobody will ask for again are left out. */
  #read(): CrashRecord[] {
    const { storage, key, browser, now } = this.#options;
    const all = readStored(crashRecords, parseOrUndefined(storage.get(key))) ?? [];
    const keptMs = 2 * CRASH_COUNTS_MS.at(-1)!;
    return all.filter((one) => one.browser === browser && now() - one.at < keptMs);
  }

  #write(records: readonly CrashRecord[]): void {
    const { storage, key } = this.#options;
    if (records.length === 0) storage.delete(key);
    else storage.set(key, JSON.stringify(records));
  }
}

function countsFor(count: number): number {
  return CRASH_COUNTS_MS[Math.min(count, CRASH_COUNTS_MS.length) - 1]!;
}

function isSame(a: Step, b: Step): boolean {
  return (
    a.model === b.model && a.device === b.device && a.variant === b.variant && a.step === b.step
  );
}
