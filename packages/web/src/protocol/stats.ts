/** What `stats()` returns: plain numbers since the client began, which JSON can hold. */

import type { Timings } from "./result.ts";

/** Durations of one kind, in milliseconds. */
export interface DurationStats {
  readonly count: number;
  readonly meanMs: number;
  readonly maxMs: number;
}

/** Counts and durations since the client began, over all its models. It never contains content. */
export interface VlmStats {
  /** When the client began, in milliseconds since the epoch. */
  readonly startedAt: number;
  readonly calls: {
    readonly answered: number;
    /** How many of the answered ones came from a cache. */
    readonly cached: number;
    readonly failed: number;
    /** The caller gave them up. */
    readonly aborted: number;
    /** Failed calls by the code of `VlmError`, or the name of another error. */
    readonly errors: Readonly<Record<string, number>>;
  };
  /** How long each stage took, of answered calls that were computed and had the stage. */
  readonly latency: Readonly<Partial<Record<keyof Timings, DurationStats>>>;
  readonly tokens: {
    readonly input: number;
    readonly output: number;
    /** Output tokens per second of decoding, over all computed answers; 0 before there is one. */
    readonly perSecond: number;
  };
  readonly cache: {
    readonly resultHits: number;
    readonly resultMisses: number;
    readonly modelHits: number;
    readonly modelMisses: number;
    readonly modelCorruptions: number;
    readonly modelEvictions: number;
  };
  readonly queue: {
    /** Calls that wait now, and the most that ever waited. */
    readonly depth: number;
    readonly maxDepth: number;
    readonly refused: number;
    readonly longestWaitMs: number;
  };
  readonly worker: {
    readonly restarts: number;
    readonly unloads: number;
    readonly fallbacks: number;
    readonly devicesLost: number;
  };
  /** Bytes that the kit knows of, as they were measured last; 0 before the first measurement. */
  readonly memory: {
    /** KV caches that are kept between calls. */
    readonly kvCacheBytes: number;
    /** The page, with its workers where the browser tells; measured only where `maxMemoryBytes` is set. */
    readonly usedBytes: number;
  };
}
