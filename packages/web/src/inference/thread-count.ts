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

/** What is stored: how many times as fast so many threads were as one, at the last loads that measured it. */
interface ThreadTiming {
  readonly threads: number;
  readonly speeds: readonly number[];
  readonly circumstances: string;
  readonly measuredAt: number;
}

export const THREADS_KEY = "threads|wasm";

const DAY_MS = 24 * 3_600_000;

/** Under this speed threads are slower than one for certain: what else a machine does changes a measurement by less. */
const CLEARLY_SLOWER = 0.75;

/** So many loads have to find threads slower, because a machine may be busy at one of them. */
const MEASUREMENTS = 2;

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
  const isOfNow = stored?.threads === possible && stored.circumstances === circumstances;
  const known =
    isOfNow && Math.abs(now() - stored.measuredAt) < lastsMs(stored) ? stored : undefined;
  if (known && isDecided(known)) {
    const threads = isSlower(known) ? 1 : possible;
    onChosen({ threads, speed: bestOf(known), isMeasuredNow: false });
    return threads;
  }
  const speed = await engine.threads.time(start);
  await store.set(THREADS_KEY, {
    threads: possible,
    speeds: [...(known?.speeds ?? []), speed],
    circumstances,
    measuredAt: now(),
  } satisfies ThreadTiming);
  // The runtime has started with its threads, and cannot change their number.
  onChosen({ threads: possible, speed, isMeasuredNow: true });
  return possible;
}

type Speeds = Pick<ThreadTiming, "speeds">;

/** Whatever else a machine does makes threads slower, and never faster. */
const bestOf = ({ speeds }: Speeds): number => Math.max(...speeds);

const isSlower = (timing: Speeds): boolean => bestOf(timing) < CLEARLY_SLOWER;

const isDecided = (timing: Speeds): boolean =>
  !isSlower(timing) || timing.speeds.length >= MEASUREMENTS;

/** Threads may have been slow because the machine was busy, so that it is asked again soon. */
const lastsMs = (timing: Speeds): number => (isSlower(timing) ? DAY_MS : 30 * DAY_MS);
