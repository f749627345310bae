/**
 * Chooses how many threads compute on the CPU. Where threads are possible, the first load measures what they bring, and the
 * next start uses what it found (decisions/2026-11-27-threads-are-timed.md).
 */

import type { EngineCode, StartOptions } from "../engines/engine.ts";
import { readStored } from "../schema/read.ts";
import { threadTiming } from "../schema/stored.ts";
import type { ThreadsChosen } from "../protocol/result.ts";
import type { Store } from "../storage/store.ts";

export interface ThreadCountOptions {
  readonly engine: EngineCode;
  /** What the app asks for; `wasmThreads` is 0 where it leaves the choice to the kit. */
  readonly start: StartOptions;
  /** Another browser, or another runtime, is measured anew. */
  readonly circumstances: () => Promise<string>;
  readonly store: Pick<Store, "get" | "set">;
  readonly onChosen: (chosen: ThreadsChosen) => void;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** What is stored: how many times as fast so many threads were as one. */
interface ThreadTiming {
  readonly threads: number;
  readonly speed: number;
  readonly circumstances: string;
  readonly measuredAt: number;
}

export const THREADS_KEY = "threads|wasm";

const DAY_MS = 24 * 3_600_000;

/** Threads may have been slow because the machine was busy, so that it is asked again soon. */
const lastsMs = (speed: number): number => (speed < 1 ? DAY_MS : 30 * DAY_MS);

/** @returns 0 where the runtime decides by itself */
export async function chooseThreads(options: ThreadCountOptions): Promise<number> {
  const { engine, start, store, onChosen, now = Date.now } = options;
  const possible = engine.threads?.byDefault() ?? 1;
  // A GPU computes by itself, and what its sessions leave to the CPU is little.
  if (!engine.threads || start.wasmThreads > 0 || start.device !== "wasm" || possible < 2) {
    return start.wasmThreads;
  }
  const circumstances = await options.circumstances();
  const stored = readStored(threadTiming, await store.get(THREADS_KEY));
  const isFresh = stored && Math.abs(now() - stored.measuredAt) < lastsMs(stored.speed);
  if (isFresh && stored.threads === possible && stored.circumstances === circumstances) {
    const threads = stored.speed < 1 ? 1 : possible;
    onChosen({ threads, speed: stored.speed, isMeasuredNow: false });
    return threads;
  }
  const speed = await engine.threads.time(start);
  await store.set(THREADS_KEY, {
    threads: possible,
    speed,
    circumstances,
    measuredAt: now(),
  } satisfies ThreadTiming);
  // The runtime has started with its threads, and cannot change their number.
  onChosen({ threads: possible, speed, isMeasuredNow: true });
  return possible;
}
