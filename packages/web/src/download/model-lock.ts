/**
 * Makes sure that one tab downloads a model for all tabs. The tab that holds the lock sends a message every second. If the
 * messages stop, a waiting tab takes over, because a frozen tab keeps its Web Lock without working.
 */

import type { Store } from "../storage/store.ts";
import { createLease } from "./lease.ts";
import { LockLost } from "./lock-lost.ts";

/** The progress of the tab that holds the lock, in bytes. */
export interface HolderProgress {
  readonly loadedBytes: number;
  readonly totalBytes: number;
}

export interface ModelLockOptions {
  /** The name of the lock, the same in every tab that could download the same files to the same place. */
  readonly name: string;
  readonly signal: AbortSignal;
  /** After this time without a message a waiting tab takes over, in milliseconds. */
  readonly takeOverAfterMs: number;
  /** Holds the lease in browsers, or pages without https, that have no Web Locks. */
  readonly store: Store;
  /** Called with the progress of the tab that holds the lock. */
  readonly onHolderProgress: (progress: HolderProgress) => void;
}

/** What the tab receives that holds the lock. */
export interface Held {
  /** Aborts when another tab has taken over. Nothing may be written after that. */
  readonly lost: AbortSignal;
  /** The progress that is sent to the waiting tabs. */
  progress: HolderProgress;
}

const BEAT_MS = 1000;

/**
 * Runs `work` while holding the lock.
 *
 * @throws {LockLost} when another tab took over; what `work` throws; the signal's reason when it aborts
 */
export async function withModelLock<T>(
  options: ModelLockOptions,
  work: (held: Held) => Promise<T>,
): Promise<T> {
  const channel = new BroadcastChannel(options.name);
  const ear = listen(channel, options);
  try {
    return await acquire(options, ear, async (lost) => {
      ear.stop();
      const held: Held = { lost, progress: { loadedBytes: 0, totalBytes: 0 } };
      const beat = setInterval(() => {
        if (!lost.aborted) channel.postMessage(held.progress);
      }, BEAT_MS);
      channel.postMessage(held.progress);
      try {
        return await work(held);
      } finally {
        clearInterval(beat);
      }
    });
  } finally {
    ear.stop();
    channel.close();
  }
}

interface HolderWatch {
  /** Aborts when the holder has been silent for too long. */
  readonly silence: AbortSignal;
  stop(): void;
}

function listen(channel: BroadcastChannel, options: ModelLockOptions): HolderWatch {
  const silence = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const wait = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      silence.abort();
    }, options.takeOverAfterMs);
  };
  wait();
  channel.onmessage = ({ data }: MessageEvent<HolderProgress>) => {
    wait();
    if (data.totalBytes > 0) options.onHolderProgress(data);
  };
  return {
    silence: silence.signal,
    stop() {
      clearTimeout(timer);
      channel.onmessage = null;
    },
  };
}

async function acquire<T>(
  options: ModelLockOptions,
  { silence }: HolderWatch,
  work: (lost: AbortSignal) => Promise<T>,
): Promise<T> {
  const locks = (globalThis as { navigator?: { locks?: LockManager } }).navigator?.locks;
  if (!locks) return createLease(options).hold(silence, work);
  const { name, signal } = options;
  try {
    return await hold(locks, name, { signal: AbortSignal.any([signal, silence]) }, work);
  } catch (error) {
    if (signal.aborted || !silence.aborted || !isAbort(error)) throw error;
    return hold(locks, name, { steal: true }, work);
  }
}

/** Holds the Web Lock. If it is stolen, the request rejects while the work goes on; the work is stopped and waited for. */
async function hold<T>(
  locks: LockManager,
  name: string,
  lockOptions: LockOptions,
  work: (lost: AbortSignal) => Promise<T>,
): Promise<T> {
  const lost = new AbortController();
  let working: Promise<T> | undefined;
  const state = { isOver: false };
  try {
    return await locks.request(name, lockOptions, () => {
      working = work(lost.signal).finally(() => {
        state.isOver = true;
      });
      return working;
    });
  } catch (error) {
    if (!working || state.isOver) throw error;
    lost.abort(new LockLost());
    await working.catch(() => undefined);
    throw lost.signal.reason;
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}
